# Sugar: every target is one line that can be typed, too.

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## the whole product with a simulated Discord and a scripted model
	go run ./cmd/openmates demo

.PHONY: run
run: ## the server, with its data in ./data
	go run ./cmd/openmates

.PHONY: build
build: ## the binary, as it is installed: without the demo
	CGO_ENABLED=0 go build -trimpath -tags nodemo -ldflags "-s -w" -o openmates ./cmd/openmates

.PHONY: test
test: ## the tests, with Go alone
	go test ./...

.PHONY: peers
peers: ## other people's clients and browsers (the module in test/)
	cd test && go test -count=1 ./...

.PHONY: race
race: ## the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -count=1 ./...

.PHONY: floors
floors: ## do imports go down, do files keep the rules?
	go test -count=1 ./internal

.PHONY: fmt
fmt: ## format
	gofmt -w .

.PHONY: check
check: ## before a commit: formatting, vet, floors, race
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	cd test && go vet ./...
	$(MAKE) floors race

.PHONY: ci
ci: ## all that CI does (PostgreSQL, NATS, Chromium, Node, linters)
	bash .ci/run
