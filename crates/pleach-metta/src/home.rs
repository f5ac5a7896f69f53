//! The home space: the one whose rules and types apply. It is `&self` outside `evalc`.

use crate::frame::{Frame, SavedHome};
use crate::machine::Machine;
use crate::normal_form::new_normal_stamp;
use crate::references::space_in;
use pleach::env::{Space, SpaceId};

impl Machine {
    /// Returns the home space.
    pub(crate) fn home(&self) -> &Space {
        space_in(&self.env, self.home).unwrap_or(&self.env)
    }

    /// Makes a space the home space and drops what is cached of the previous one.
    pub(crate) fn set_home(&mut self, home: Option<SpaceId>) {
        self.home = home;
        self.heads.clear();
        self.heads_epoch = 0;
        self.type_cache.clear();
        self.normal_forms.clear();
        self.track_read();
    }

    /// Makes a space the home until the next answers are returned.
    pub(crate) fn enter_home(&mut self, space: Option<SpaceId>) {
        if space != self.home {
            let home = SavedHome {
                space: self.home,
                definitions: self.home().definitions_stamp(),
            };
            self.stack.push(Frame::Home(Box::new(home)));
            self.set_home(space);
        }
    }

    /// Restores a home space. Its normal forms are still normal unless its definitions have changed.
    pub(crate) fn restore_home(&mut self, home: &SavedHome) {
        self.set_home(home.space);
        if self.home().definitions_stamp() != home.definitions {
            self.normal_stamp = new_normal_stamp();
        }
    }
}
