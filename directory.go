package openmates

// DirectorySearch selects a page of the server's people, teams or workspaces.
type DirectorySearch struct {
	Text  string // part of a name, an address or an ID; "" = everything
	After string // the key of the previous page's last line; "" = the first page
	Limit int
}
