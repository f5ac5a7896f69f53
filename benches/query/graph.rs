//! A power-law graph: a node has d neighbours with probability ~ d^-2.2, and links go both ways.
//!
//! The exponent is the one measured on the internet's autonomous systems by Faloutsos, Faloutsos and Faloutsos, "On
//! Power-Law Relationships of the Internet Topology", SIGCOMM 1999 (2.15 to 2.2 in three years). Ends of links are
//! joined at random (the configuration model); a node has at most as many as the square root of their number, which
//! gives a few hubs and many triangles among them.

use std::collections::BTreeSet;

use pleach::{Atom, Environment};

/// SplitMix64 with a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Returns a number in `[0, 1)`.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a degree from 1 to `most`, with density ~ d^-exponent.
    fn degree(&mut self, exponent: f64, most: f64) -> usize {
        (1.0 - self.fraction()).powf(-1.0 / (exponent - 1.0)).min(most) as usize
    }
}

/// Returns distinct edges, sorted, each with its reverse, without loops; nodes are numbered from 0.
pub(crate) fn pairs(count: usize) -> Vec<(usize, usize)> {
    let mut random = Random(1);
    let most = (count as f64).sqrt();
    let mut ends = Vec::new();
    let mut node = 0;
    while ends.len() < count {
        let degree = random.degree(2.2, most);
        ends.extend(std::iter::repeat_n(node, degree));
        node += 1;
    }
    let mut edges = BTreeSet::new();
    while edges.len() < count {
        let [x, y] = [(); 2].map(|()| ends[random.next() as usize % ends.len()]);
        if x != y {
            edges.extend([(x, y), (y, x)]);
        }
    }
    edges.into_iter().collect()
}

pub(crate) fn edge(from: usize, to: usize) -> Atom {
    Atom::expression([
        Atom::symbol("edge"),
        Atom::symbol(&*format!("n{from}")),
        Atom::symbol(&*format!("n{to}")),
    ])
}

/// Returns an environment of `(edge nX nY)` facts.
pub(crate) fn edges(count: usize) -> Environment {
    pairs(count).into_iter().map(|(from, to)| edge(from, to)).collect()
}
