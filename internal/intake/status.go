package intake

import (
	"net/http"

	"openmates"
)

// StatusOf returns the HTTP status for an error, by its code.
func StatusOf(err error) int {
	switch openmates.CodeOf(err) {
	case openmates.EInvalid:
		return http.StatusUnprocessableEntity
	case openmates.EUnauthorized:
		return http.StatusUnauthorized
	case openmates.EForbidden:
		return http.StatusForbidden
	case openmates.ENotFound:
		return http.StatusNotFound
	case openmates.EConflict:
		return http.StatusConflict
	case openmates.ELimit:
		return http.StatusTooManyRequests
	case openmates.EUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
