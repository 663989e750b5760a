#!/usr/bin/env python3
"""Fits the weights of src/context/rank.rs: fit.py DUMP.., which `cargo bench --bench context -- --dump DUMP` writes. Needs numpy.

A logistic regression with a little shrinkage, each language counting alike. (A small network fits the same projects better and other ones
worse.)
"""
import fileinput
import sys

import numpy as np

# Of what was not needed, one in eight stands for all: there is far more of it than a fit can use.
THINNED = 8
rows = []
for number, line in enumerate(fileinput.input(sys.argv[1:])):
    row = line.rstrip("\n").split(",")
    if row[3] == "1" or number % THINNED == 0:
        rows.append(row)
languages = np.array([row[0] for row in rows])
labels = np.array([float(row[3]) for row in rows])
features = np.array([[float(value) for value in row[5:]] for row in rows])
weights = np.zeros(features.shape[1])
importance = np.ones(len(rows))
for language in set(languages):
    mine = languages == language
    importance[mine] = 1 / labels[mine].sum()
importance[labels == 0] *= THINNED
importance /= importance.mean()
for _ in range(40):
    chance = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
    gradient = features.T @ (importance * (chance - labels)) + 1e-2 * weights
    curvature = (features.T * (importance * chance * (1 - chance))) @ features
    weights -= np.linalg.solve(curvature + 1e-2 * np.eye(len(weights)), gradient)
print("[" + ", ".join(f"{weight:.2f}" for weight in weights) + "]")
