//! Subsystems for netloom's kernel side: doc_exmpl and wireguard.
