//! Reads YNL specs and their overlays into a checked model.
