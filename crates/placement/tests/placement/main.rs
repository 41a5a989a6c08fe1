//! Tests of placement as a whole: made examples, random inputs against an independent checker and
//! two plain simulators, and a real trace against published figures.

mod cases;
mod checker;
mod closings;
mod examples;
mod floor;
mod gangs;
mod generate;
mod model;
mod places;
mod random;
mod serving;
mod shares;
mod single;
mod trace;
mod upsets;
mod world;
