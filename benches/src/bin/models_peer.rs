//! This project's side of the comparison in `benches/peers/models`: answers commands by the protocol of
//! [`benches::peer`].

use benches::{models, peer};

fn main() {
    peer::serve_named(|name| models::prepare(name).expect("the name of a model"));
}
