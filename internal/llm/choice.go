package llm

import "openmates"

// Choice is the chosen model, with its full name and price.
type Choice struct {
	Name   string // "provider/model"
	Model  Model
	Price  openmates.Price
	Priced bool // false: nobody entered a price, so budgets can't count it
	Fixed  bool // its provider, including the key, comes from the server's settings
}
