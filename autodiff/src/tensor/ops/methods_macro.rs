//! The macro that declares an operation's methods.

/// Declares the methods of an operation on tensors, variables and generic tensors of an [`Algebra`], from one text.
///
/// ```text
/// methods! {
///     /// Euclidean norms.
///     pub trait NormMethods;
///
///     /// Returns the Euclidean norm over the given axes, which keep extent 1.
///     pub fn norm_over_keepdims(self, axes: impl Into<Axes>) -> Self {
///         Self::apply(Norm(axes.into()), &[self])
///     }
/// }
/// ```
///
/// The trait has the methods for every `A: Algebra`. The inherent methods of [`Tensor`] and [`Var`] call it and have
/// the same documentation. The trait's documentation also heads their `impl` blocks. `self` is a `&Self` in the body,
/// and the inherent methods of variables take `self` by value. An operand is a parameter of type `impl Operand<Self>`.
/// Methods without `self` become associated functions. A method may have one type parameter with a bound. All are `#[must_use]` and `#[track_caller]`.
///
/// With `pub trait NarrowMethods for any element;` the inherent methods of tensors work with any element type, whether or
/// not it can be differentiated. Their body is the second one, after `on tensors`, or the same one if that compiles.
///
/// [`Algebra`]: crate::tensor::Algebra
/// [`Tensor`]: crate::tensor::Tensor
/// [`Var`]: crate::tensor::Var
macro_rules! methods {
    (
        $(#[$about:meta])*
        pub trait $Trait:ident;
        $($(#[$doc:meta])* pub fn $name:ident $(<$L:ident: $Bound:path>)? ($($parameters:tt)*) -> $R:ty $body:block)*
    ) => {
        methods!(@common $(#[$about])* $Trait $($(#[$doc])* $name [$($L: $Bound)?] ($($parameters)*) -> [$R] $body)*);

        $(#[$about])*
        impl<T: $crate::tensor::Real> $crate::tensor::Tensor<T> {
            $(methods!(@tensor $(#[$doc])* $Trait $name [$($L: $Bound)?] ($($parameters)*) -> [$R]);)*
        }
    };
    (
        $(#[$about:meta])*
        pub trait $Trait:ident for any element;
        $($(#[$doc:meta])* pub fn $name:ident $(<$L:ident: $Bound:path>)? ($($parameters:tt)*) -> $R:ty $body:block $(on tensors $on_tensors:block)?)*
    ) => {
        methods!(@common $(#[$about])* $Trait $($(#[$doc])* $name [$($L: $Bound)?] ($($parameters)*) -> [$R] $body)*);

        $(#[$about])*
        impl<T: $crate::tensor::Element> $crate::tensor::Tensor<T> {
            $(methods!(@any_tensor $(#[$doc])* $name [$($L: $Bound)?] ($($parameters)*) -> [$R] $body $($on_tensors)?);)*
        }
    };

    // The trait, and the inherent methods of variables.
    (@common $(#[$about:meta])* $Trait:ident $($(#[$doc:meta])* $name:ident $generics:tt $parameters:tt -> [$R:ty] $body:block)*) => {
        $(#[$about])*
        pub trait $Trait: Sized {
            $(methods!(@generic $(#[$doc])* $name $generics $parameters -> [$R] $body);)*
        }

        impl<A: $crate::tensor::Algebra> $Trait for A {}

        $(#[$about])*
        impl<'t, T: $crate::tensor::Real> $crate::tensor::Var<'t, T> {
            $(methods!(@variable $(#[$doc])* $Trait $name $generics $parameters -> [$R]);)*
        }
    };

    (@generic $(#[$doc:meta])* $name:ident [$($generics:tt)*] ($self:ident $(, $p:ident: $P:ty)* $(,)?) -> [$R:ty] $body:block) => {
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        fn $name<$($generics)*>(&$self $(, $p: $P)*) -> $R where Self: $crate::tensor::Algebra $body
    };
    (@generic $(#[$doc:meta])* $name:ident [$($generics:tt)*] ($($p:ident: $P:ty),* $(,)?) -> [$R:ty] $body:block) => {
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        fn $name<$($generics)*>($($p: $P),*) -> $R where Self: $crate::tensor::Algebra $body
    };

    (@tensor $(#[$doc:meta])* $Trait:ident $name:ident [$($generics:tt)*] ($self:ident $(, $p:ident: $P:ty)* $(,)?) -> [$R:ty]) => {
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $name<$($generics)*>(&$self $(, $p: $P)*) -> $R {
            $Trait::$name($self $(, $p)*)
        }
    };
    (@variable $(#[$doc:meta])* $Trait:ident $name:ident [$($generics:tt)*] ($self:ident $(, $p:ident: $P:ty)* $(,)?) -> [$R:ty]) => {
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $name<$($generics)*>($self $(, $p: $P)*) -> $R {
            $Trait::$name(&$self $(, $p)*)
        }
    };
    (@any_tensor $(#[$doc:meta])* $name:ident $generics:tt $parameters:tt -> [$R:ty] $body:block $on_tensors:block) => {
        methods!(@any_tensor $(#[$doc])* $name $generics $parameters -> [$R] $on_tensors);
    };
    (@any_tensor $(#[$doc:meta])* $name:ident [$($generics:tt)*] ($self:ident $(, $p:ident: $P:ty)* $(,)?) -> [$R:ty] $body:block) => {
        $(#[$doc])*
        #[allow(clippy::needless_borrow, reason = "the body may serve `Algebra` too, where `shape()` is not a reference")]
        #[must_use]
        #[track_caller]
        pub fn $name<$($generics)*>(&$self $(, $p: $P)*) -> $R $body
    };

    // Associated functions are declared in the same way in each place.
    (@any_tensor $(#[$doc:meta])* $name:ident [$($generics:tt)*] ($($p:ident: $P:ty),* $(,)?) -> [$R:ty] $body:block) => {
        $(#[$doc])*
        #[allow(clippy::needless_borrow, reason = "the body may serve `Algebra` too, where `shape()` is not a reference")]
        #[must_use]
        #[track_caller]
        pub fn $name<$($generics)*>($($p: $P),*) -> $R $body
    };
    (@$place:ident $(#[$doc:meta])* $Trait:ident $name:ident [$($generics:tt)*] ($($p:ident: $P:ty),* $(,)?) -> [$R:ty]) => {
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $name<$($generics)*>($($p: $P),*) -> $R {
            <Self as $Trait>::$name($($p),*)
        }
    };
}
pub(super) use methods;
