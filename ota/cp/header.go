package cp

// header reads version, public identifier, character set and string table
// (WAP-192-WBXML, 5.4 to 5.7).
func (d *decoder) header() error {
	version, err := d.next()
	if err != nil {
		return err
	}
	if version > wbxmlVersion {
		return d.errorf("version %02X, want 00 to 03", version)
	}
	named, err := d.publicID()
	if err != nil {
		return err
	}
	if err := d.readCharset(version); err != nil {
		return err
	}
	size, err := d.uint()
	if err != nil {
		return err
	}
	if left := len(d.b) - d.pos; int64(size) > int64(left) {
		return d.errorf("string table of %d octets in %d", size, left)
	}
	d.table = d.b[d.pos : d.pos+int(size)]
	d.pos += int(size)
	if named != nil {
		if s, err := d.entry(*named); err != nil || s != publicIDText {
			return d.errorf("public identifier in the string table is not %q", publicIDText)
		}
	}
	return nil
}

// publicID checks the public identifier, or returns the offset of its text in
// the string table, which comes later.
func (d *decoder) publicID() (named *uint32, err error) {
	public, err := d.uint()
	switch {
	case err != nil:
		return nil, err
	case public == 0:
		offset, err := d.uint()
		return &offset, err
	case public != publicIDProv:
		return nil, d.errorf("public identifier %02X, want 0B: not a provisioning document", public)
	}
	return nil, nil
}

// readCharset reads the character set. WBXML 1.0 has none, its text is taken
// for UTF-8; but libwbxml writes 6A there too.
func (d *decoder) readCharset(version byte) error {
	if version == 0 && d.pos < len(d.b) && d.b[d.pos] != charsetUTF8 {
		return nil
	}
	mib, err := d.uint()
	if err != nil {
		return err
	}
	if d.charset = charset(mib); !d.charset.known() {
		return d.errorf("character set with MIB number %d: want 106 (UTF-8), 3 (US-ASCII), 4 (ISO-8859-1), 1000 (UCS-2) or 1013 to 1015 (UTF-16)", mib)
	}
	return nil
}
