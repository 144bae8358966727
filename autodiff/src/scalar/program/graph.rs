//! `Graph`: a function as a list of nodes in single assignment, without common subexpressions.

use crate::elementwise::{Binary, Unary};
use crate::scalar::number::Scalar;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::discriminant;
use std::panic::Location;

/// The position of a node in its graph. The operands of a node precede it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(u32);

impl Id {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The largest number of nodes: the other half of the indices is for scalars.
const MAX_NODES: usize = 1 << 31;

/// Where an input of a program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An input that all points share.
    Shared,
    /// An input of each point.
    Point,
    /// A component of a vector that comes with each point: a tangent, an adjoint, or the factor of a Hessian.
    Direction,
}

/// A comparison of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::scalar) enum Relation {
    /// `a < b`
    Less,
    /// `a <= b`
    LessOrEqual,
    /// `a == b`
    Equal,
}

impl Relation {
    #[inline(always)]
    pub(in crate::scalar) fn holds<T: PartialOrd + Copy>(self, a: T, b: T) -> bool {
        match self {
            Relation::Less => a < b,
            Relation::LessOrEqual => a <= b,
            Relation::Equal => a == b,
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Relation::Less => "<",
            Relation::LessOrEqual => "<=",
            Relation::Equal => "==",
        }
    }
}

/// What a node computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Term<T> {
    Input(Source, u32),
    Constant(T),
    Unary(Unary, Id),
    Binary(Binary, [Id; 2]),
    /// `a % b`.
    Remainder([Id; 2]),
    /// `c` if the relation holds between `a` and `b`, otherwise `d`.
    Select(Relation, [Id; 4]),
    /// The operand, to which no derivative flows.
    Detach(Id),
    /// `a`, with the slope `c` towards `b`.
    WithSlope([Id; 3]),
    /// The sum of a node over all points, by its number among the sums of the graph.
    SumOverPoints(u32),
}

impl<T> Term<T> {
    /// The operands.
    pub(super) fn operands(&self) -> &[Id] {
        match self {
            Term::Input(..) | Term::Constant(_) | Term::SumOverPoints(_) => &[],
            Term::Unary(_, a) | Term::Detach(a) => std::slice::from_ref(a),
            Term::Binary(_, ab) | Term::Remainder(ab) => ab,
            Term::WithSlope(abc) => abc,
            Term::Select(_, abcd) => abcd,
        }
    }

    /// The operands from which the value is computed.
    pub(super) fn operands_of_value(&self) -> &[Id] {
        match self {
            Term::WithSlope([a, ..]) => std::slice::from_ref(a),
            term => term.operands(),
        }
    }
}

/// When a node is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Once before the points: the node depends on constants and shared inputs only.
    Before,
    /// For each point.
    Each,
    /// Once after the points: the node depends on sums over the points.
    After,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node<T> {
    pub(super) term: Term<T>,
    pub(super) stage: Stage,
    /// The line of the caller's code that recorded the node, or of which the node is a derivative.
    pub(super) location: &'static Location<'static>,
}

/// A condition on the inputs under which a recording holds: the outcome of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    pub(super) relation: Relation,
    pub(super) operands: [Id; 2],
    pub(super) outcome: bool,
    pub(super) location: &'static Location<'static>,
}

/// A function as a list of nodes. Nodes that compute the same from the same operands are one node.
#[derive(Clone, Debug)]
pub(super) struct Graph<T> {
    nodes: Vec<Node<T>>,
    /// The node of each hash. A collision takes the next free hash.
    by_hash: HashMap<u64, Id, BuildHasherDefault<AlreadyHashed>>,
    /// The nodes that are summed over the points.
    pub(super) sums: Vec<Id>,
    /// The location of the nodes that are added next.
    pub(super) location: &'static Location<'static>,
}

impl<T: Scalar> Graph<T> {
    #[track_caller]
    pub(super) fn new() -> Self {
        Graph {
            nodes: Vec::new(),
            by_hash: HashMap::default(),
            sums: Vec::new(),
            location: Location::caller(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, id: Id) -> &Node<T> {
        &self.nodes[id.index()]
    }

    /// The node at a position, with its id.
    pub(super) fn at(&self, index: usize) -> (Id, Term<T>) {
        (Id(index as u32), self.nodes[index].term)
    }

    /// Returns the node at a position, whose location the nodes that are added next take.
    pub(super) fn enter(&mut self, index: usize) -> Node<T> {
        let node = self.nodes[index];
        self.location = node.location;
        node
    }

    pub(super) fn term(&self, id: Id) -> Term<T> {
        self.nodes[id.index()].term
    }

    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<T> {
        (0..self.nodes.len() as u32).map(Id)
    }

    pub(super) fn stage(&self, id: Id) -> Stage {
        self.nodes[id.index()].stage
    }

    /// The value of a constant node.
    pub(super) fn constant_value(&self, id: Id) -> Option<T> {
        match self.term(id) {
            Term::Constant(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn constant(&mut self, value: T) -> Id {
        self.push(Term::Constant(value))
    }

    pub(super) fn input(&mut self, source: Source, number: u32) -> Id {
        self.push(Term::Input(source, number))
    }

    /// Adds the sum of a node over all points.
    pub(super) fn sum_over_points(&mut self, id: Id) -> Id {
        let number = self.sums.len() as u32;
        self.sums.push(id);
        self.push(Term::SumOverPoints(number))
    }

    /// Makes inputs of each point shared inputs, numbered from `first` on, so that what depends on them alone is computed
    /// once. Only constants may be added afterwards.
    pub(super) fn share(&mut self, from: Source, first: usize) {
        for index in 0..self.nodes.len() {
            let term = match self.nodes[index].term {
                Term::Input(source, number) if source == from => {
                    Term::Input(Source::Shared, first as u32 + number)
                }
                term => term,
            };
            self.nodes[index].term = term;
            self.nodes[index].stage = self.stage_of(&term);
        }
    }

    fn stage_of(&self, term: &Term<T>) -> Stage {
        match term {
            Term::Input(Source::Shared, _) | Term::Constant(_) => Stage::Before,
            Term::Input(..) => Stage::Each,
            Term::SumOverPoints(_) => Stage::After,
            _ => {
                let stages = term.operands().iter().map(|&id| self.stage(id));
                stages.max().unwrap_or(Stage::Before)
            }
        }
    }

    /// The node that computes this, or the free hash for it.
    fn find_or_place(&self, term: &Term<T>) -> Result<Id, u64> {
        let mut place = hash(term);
        while let Some(&id) = self.by_hash.get(&place) {
            if is_same(&self.term(id), term) {
                return Ok(id);
            }
            place = place.wrapping_add(1);
        }
        Err(place)
    }

    /// The node that computes this, if there is one.
    pub(super) fn find(&self, term: &Term<T>) -> Option<Id> {
        self.find_or_place(term).ok()
    }

    /// Adds a node, unless there is an equal one.
    pub(super) fn push(&mut self, term: Term<T>) -> Id {
        let place = match self.find_or_place(&term) {
            Ok(id) => return id,
            Err(place) => place,
        };
        let stage = self.stage_of(&term);
        assert!(
            self.nodes.len() < MAX_NODES,
            "program: the function has more than {MAX_NODES} operations"
        );
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node {
            term,
            stage,
            location: self.location,
        });
        self.by_hash.insert(place, id);
        id
    }
}

/// Whether two terms are equal. Constants are compared by their bits: 0 and −0 are not the same.
fn is_same<T: Scalar>(a: &Term<T>, b: &Term<T>) -> bool {
    match (a, b) {
        (Term::Constant(a), Term::Constant(b)) => bits(*a) == bits(*b),
        _ => a == b,
    }
}

fn bits<T: Scalar>(x: T) -> u64 {
    x.to_f64().to_bits()
}

/// A hash of the term. Parameters of functions do not count: few terms differ in them alone.
fn hash<T: Scalar>(term: &Term<T>) -> u64 {
    let mut hasher = Mixer(0);
    match term {
        Term::Input(source, number) => hasher.add((*source as u64) << 32 | u64::from(*number)),
        Term::Constant(value) => hasher.add(bits(*value)),
        Term::Unary(function, _) => std::hash::Hash::hash(&discriminant(function), &mut hasher),
        Term::Binary(function, _) => hasher.add(*function as u64),
        Term::Remainder(_) => hasher.add(1 << 40),
        Term::Select(relation, _) => hasher.add(1 << 41 | *relation as u64),
        Term::Detach(_) => hasher.add(1 << 42),
        Term::WithSlope(_) => hasher.add(1 << 45),
        Term::SumOverPoints(number) => hasher.add(1 << 43 | u64::from(*number)),
    }
    for operand in term.operands() {
        hasher.add(u64::from(operand.0) | 1 << 44);
    }
    hasher.0
}

/// A multiplicative hash: the keys are not chosen by an adversary, and hashing is most of the time of recording.
struct Mixer(u64);

impl Mixer {
    fn add(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ mixed >> 29;
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.add(byte.into());
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word as u64);
    }
}

/// A hasher of keys that are hashes.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
