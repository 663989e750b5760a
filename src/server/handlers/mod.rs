//! One handler a file: convert in, call one function, convert out.

pub mod accepted;
pub mod code_action;
pub mod commands;
pub mod completion;
pub mod consent;
pub mod context;
mod deliver;
pub mod did_change;
pub mod did_change_configuration;
pub mod did_change_workspace_folders;
pub mod did_close;
pub mod did_open;
pub mod execute_command;
pub mod explain_route;
pub mod initialize;
pub mod initialized;
pub mod inline_completion;
mod material;
pub mod models;
mod parse;
pub mod run_action;
mod settle;
pub mod sign_in;
mod suggest;
mod wanted;
pub mod workspace_file;
