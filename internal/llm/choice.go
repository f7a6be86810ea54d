package llm

import "openmates"

// Choice is a model that was chosen to answer, with its full name and its price.
type Choice struct {
	Name   string // "provider/model"
	Model  Model
	Price  openmates.Price
	Priced bool // false: nobody entered a price, so budgets can't count it
	Fixed  bool // its provider, with the key, comes from the settings of the server
}
