"""Key encryption keys, one file each, every one an `Aead`. Owns where the key lives; not what it wraps."""
