package team

// Addressees reads whom an invite is for.
func Addressees(s string) ([]string, error) { return addressees(s) }
