package web

import (
	"net/http"
	"slices"

	"openmates"
	"openmates/internal/connect"
)

// botsPage lists every mate's bots on all networks.
type botsPage struct {
	shell
	Networks []botsOf
}

type botsOf struct {
	Network connect.Network
	Rows    []botRow
}

type botRow struct {
	Name, Handle string
	Bot          *connect.Bot // nil = none yet
	Own          bool         // the server's application, which has no listener
}

func (s *Server) bots(w http.ResponseWriter, r *http.Request) error {
	mates, err := s.connect.Mates(r.Context())
	if err != nil {
		return err
	}
	p := botsPage{shell: s.shell(r, openmates.T("Bots"))}
	for _, n := range s.connect.Networks() {
		of := botsOf{Network: n}
		for _, m := range mates {
			row := botRow{Name: m.Name, Handle: m.Handle}
			for i := range m.Bots {
				if m.Bots[i].Network == n.Network {
					row.Bot = &m.Bots[i]
				}
			}
			of.Rows = append(of.Rows, row)
		}
		if n.CanLink {
			own, err := s.connect.Setup(r.Context(), connect.Own, n.Network)
			if err != nil {
				return err
			}
			of.Rows = append(of.Rows, botRow{Name: own.Name, Handle: own.Handle, Bot: own.Bot, Own: true})
		}
		// Existing bots first, then mates without one.
		slices.SortStableFunc(of.Rows, func(a, b botRow) int {
			switch {
			case (a.Bot != nil) == (b.Bot != nil):
				return 0
			case a.Bot != nil:
				return -1
			}
			return 1
		})
		p.Networks = append(p.Networks, of)
	}
	return s.show(w, http.StatusOK, "bots", p)
}

// botAt returns the path of a bot's page.
func botAt(n openmates.Network, handle string) string {
	return "/server/bots/" + string(n) + "/" + handle
}
