//! Conversion from and to [`PathMap`], for programs that keep a space in one.

use pathmap::PathMap;

use super::edit::{Delta, Edit, Edits};
use super::environment::Environment;
use super::record::Multiplicity;
use super::space::Space;
use super::space_mut::SpaceMut;
use crate::term::Term;
use crate::term::path::{self, PathError, with_encoder};

impl<T: Term> Space<T> {
    /// Builds a [`PathMap`] of the atoms, from canonical path to multiplicity. O(n).
    ///
    /// Only with the feature `pathmap`, and where AES instructions are enabled, which `pathmap` needs:
    /// `RUSTFLAGS="-C target-feature=+aes"` on x86-64.
    ///
    /// # Limits
    /// The algebra and the drop of `pathmap` 0.3 recurse by the depth of the trie, so very long keys may overflow the stack. A
    /// path is about as long as the text of its atom.
    ///
    /// ```
    /// # use pleach::{Atom, Environment};
    /// let mut env: Environment = ["(p 1)", "(p 2)"].map(|text| text.parse::<Atom>().unwrap()).into_iter().collect();
    /// let mut space = env.create_space();
    /// let first: Vec<u8> = space.iter().next().unwrap().0;
    /// space.remove(&first);
    /// env.update_pathmap(space)?;
    /// assert_eq!(env.iter().collect::<Vec<_>>(), [("(p 2)".parse()?, 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn create_space(&self) -> PathMap<Multiplicity<T>> {
        let mut space = PathMap::new();
        let mut cursor = self.facts.cursor();
        while let Some(multiplicity) = cursor.next_entry() {
            space.set_val_at(cursor.path(), multiplicity.clone());
        }
        space
    }
}

impl<T: Term> Environment<T> {
    /// Replaces all atoms of the environment's own space by those of a [`PathMap`]: see [`SpaceMut::update_pathmap`]. O(n).
    ///
    /// # Errors
    /// [`PathMapError`] if a path isn't the canonical path of its atom. Nothing has changed then.
    pub fn update_pathmap(&mut self, space: PathMap<Multiplicity<T>>) -> Result<(), PathMapError> {
        self.root_mut().update_pathmap(space)
    }
}

impl<T: Term> SpaceMut<'_, T> {
    /// Replaces all atoms of the space by those of a [`PathMap`] that [`Space::create_space`] made and the caller changed.
    ///
    /// Definitions that stay keep their numbers. New ones come last: in the order that they had where their records come
    /// from, then in the order of their paths. O(n).
    ///
    /// # Errors
    /// [`PathMapError`] if a path isn't the canonical path of its atom. Nothing has changed then.
    pub fn update_pathmap(&mut self, space: PathMap<Multiplicity<T>>) -> Result<(), PathMapError> {
        let edits = self.edits_to(&space)?;
        self.apply(edits);
        Ok(())
    }

    fn edits_to(&self, space: &PathMap<Multiplicity<T>>) -> Result<Edits<T>, PathMapError> {
        let (mut edits, kind) = (Edits::new(), self.kind());
        if let Some(current) = self.environment.snapshot.world.space(self.id) {
            let mut cursor = current.facts.cursor();
            while let Some(multiplicity) = cursor.next_entry() {
                if !space.contains(cursor.path()) {
                    edits.push(Edit::of_entry(cursor.path(), multiplicity, Delta::Set(0), kind));
                }
            }
        }
        let mut definitions = Vec::new();
        for (index, (path, multiplicity)) in space.iter().enumerate() {
            let atom = match multiplicity.record().and_then(|record| record.atom.clone()) {
                Some(atom) => atom,
                None => path::decode(&path).map_err(|source| PathMapError::Path { index, source })?,
            };
            let delta = Delta::Set(multiplicity.get());
            with_encoder(|encoder| {
                let edit = Edit::new(encoder, atom.clone(), delta, kind);
                if edit.key() != path {
                    return Err(PathMapError::Mismatch { index });
                }
                if edit.keeps_atom() {
                    let order = multiplicity.record().map_or(u64::MAX, |record| record.order);
                    definitions.push((order, atom, delta));
                } else {
                    edits.push(edit);
                }
                Ok(())
            })?;
        }
        definitions.sort_by_key(|(order, ..)| *order);
        with_encoder(|encoder| {
            definitions
                .into_iter()
                .for_each(|(_, atom, delta)| edits.push(Edit::new(encoder, atom, delta, kind)));
        });
        Ok(edits)
    }
}

/// The error of [`SpaceMut::update_pathmap`]: a path isn't the canonical path of its atom.
/// The environment is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathMapError {
    /// A path doesn't encode an atom.
    #[error("path {index} of the map isn't the path of an atom")]
    Path {
        /// The position of the path in the map, in key order, from 0.
        index: usize,
        /// The error of decoding it.
        source: PathError,
    },
    /// The atom that a multiplicity keeps has another path.
    #[error("path {index} of the map isn't the path of the atom that is stored there")]
    Mismatch {
        /// The position of the path in the map, in key order, from 0.
        index: usize,
    },
}
