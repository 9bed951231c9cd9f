//! Subsystems for netloom's kernel side: doc_exmpl and wireguard.

pub mod doc_exmpl;
pub mod wireguard;
