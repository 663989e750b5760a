#!/usr/bin/env python3
"""Fits the weights of src/context/rank.rs: fit.py DUMP, which `cargo bench --bench context -- --dump DUMP` writes. Needs numpy.

A logistic regression with a little shrinkage, each language counting alike.
"""
import sys

import numpy as np

rows = [line.rstrip("\n").split(",") for line in open(sys.argv[1])]
languages = np.array([row[0] for row in rows])
labels = np.array([float(row[3]) for row in rows])
features = np.array([[float(value) for value in row[5:]] for row in rows])
weights = np.zeros(features.shape[1])
importance = np.ones(len(rows))
for language in set(languages):
    mine = languages == language
    importance[mine] = 1 / labels[mine].sum()
importance /= importance.mean()
for _ in range(40):
    chance = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
    gradient = features.T @ (importance * (chance - labels)) + 1e-2 * weights
    curvature = (features.T * (importance * chance * (1 - chance))) @ features
    weights -= np.linalg.solve(curvature + 1e-2 * np.eye(len(weights)), gradient)
print("[" + ", ".join(f"{weight:.2f}" for weight in weights) + "]")
