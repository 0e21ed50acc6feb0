//! The service over real HTTP, with two shops, of which each answer to one is searched for what is the other's.

mod admin;
mod attacks;
mod browser;
mod crud;
mod documents;
mod end;
mod hammer;
mod injection;
mod jobs;
mod openapi;
mod page;
mod process;
#[path = "../../demo/shops.rs"]
mod shops;
mod trouble;
mod visitor;
mod world;
