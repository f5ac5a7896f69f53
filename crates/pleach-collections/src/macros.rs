//! Macros that create collections.

/// Creates a [`Map`](crate::Map) of `key => value` pairs. A key gets the last of its values. O(n).
///
/// ```
/// let ages = pleach_collections::map! { "ann" => 41, "bob" => 37 };
/// assert_eq!(ages["bob"], 37);
/// let empty: pleach_collections::Map<u32, u32> = pleach_collections::map! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! map {
    () => {
        $crate::Map::new()
    };
    ($($key:expr => $value:expr),+ $(,)?) => {
        $crate::Map::from([$(($key, $value)),+])
    };
}

/// Creates a [`Set`](crate::Set) of items. O(n).
///
/// ```
/// let primes = pleach_collections::set! { 2, 3, 5, 7 };
/// assert!(primes.contains(&5));
/// let empty: pleach_collections::Set<u32> = pleach_collections::set! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! set {
    () => {
        $crate::Set::new()
    };
    ($($item:expr),+ $(,)?) => {
        $crate::Set::from([$($item),+])
    };
}

/// Creates an [`OrdMap`](crate::OrdMap) of `key => value` pairs. A key gets the last of its values. O(n log n).
///
/// ```
/// let ages = pleach_collections::ord_map! { "bob" => 37, "ann" => 41 };
/// assert!(ages.keys().eq(&["ann", "bob"]));
/// let empty: pleach_collections::OrdMap<u32, u32> = pleach_collections::ord_map! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! ord_map {
    () => {
        $crate::OrdMap::new()
    };
    ($($key:expr => $value:expr),+ $(,)?) => {
        $crate::OrdMap::from([$(($key, $value)),+])
    };
}

/// Creates an [`OrdSet`](crate::OrdSet) of items. O(n log n).
///
/// ```
/// let primes = pleach_collections::ord_set! { 7, 5, 3, 2 };
/// assert_eq!(primes.first(), Some(&2));
/// let empty: pleach_collections::OrdSet<u32> = pleach_collections::ord_set! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! ord_set {
    () => {
        $crate::OrdSet::new()
    };
    ($($item:expr),+ $(,)?) => {
        $crate::OrdSet::from([$($item),+])
    };
}

/// Creates a [`Vector`](crate::Vector) of items, or of copies of one. O(n).
///
/// ```
/// let words = pleach_collections::vector!["a", "b"];
/// assert_eq!(words, ["a", "b"]);
/// assert_eq!(pleach_collections::vector![7; 3], [7, 7, 7]);
/// let empty: pleach_collections::Vector<u32> = pleach_collections::vector![];
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! vector {
    () => {
        $crate::Vector::new()
    };
    ($item:expr; $count:expr) => {
        ::core::iter::repeat_n($item, $count).collect::<$crate::Vector<_>>()
    };
    ($($item:expr),+ $(,)?) => {
        $crate::Vector::from([$($item),+])
    };
}

/// Creates a [`Bag`](crate::Bag) of items, or of `item => count` pairs. Counts of equal items are summed. O(n).
///
/// ```
/// let letters = pleach_collections::bag! { 'a', 'b', 'a' };
/// assert_eq!(letters, pleach_collections::bag! { 'a' => 2, 'b' => 1 });
/// let empty: pleach_collections::Bag<u32> = pleach_collections::bag! {};
/// assert!(empty.is_empty());
/// ```
#[macro_export]
macro_rules! bag {
    () => {
        $crate::Bag::new()
    };
    ($($item:expr => $count:expr),+ $(,)?) => {{
        let mut bag = $crate::Bag::new();
        $(bag.insert($item, $count);)+
        bag
    }};
    ($($item:expr),+ $(,)?) => {
        $crate::Bag::from([$($item),+])
    };
}
