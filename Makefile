# recsys-tui. `make` lists the targets. Everything built goes to build/<profile>/.
PROFILE ?= release
BUILD ?= build/$(PROFILE)
PREFIX ?= /usr/local
DESTDIR ?=
WORKSPACE ?= .
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
SHELL := /bin/bash

PKGS := sqlite3 jansson libfyaml libcurl libarchive libsodium libxxhash libutf8proc readline libmicrohttpd ncursesw
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wcast-qual -Wwrite-strings
WERROR ?= -Werror
CPPFLAGS += -Iinclude -I$(BUILD)/gen -D_XOPEN_SOURCE=700
# The thread sanitizer cannot see into libgomp: kernels run on one thread there, so that its
# reports are true.
OPENMP := $(if $(filter tsan,$(PROFILE)),-Wno-unknown-pragmas -Wno-unused-parameter -Wno-unused-variable,-fopenmp)
# No fused multiply-add: the same sums on every processor and compiler.
CFLAGS += -std=c17 -ffp-contract=off -g $(WARN) $(WERROR) $(OPENMP)
LDLIBS += $(shell pkg-config --libs $(PKGS)) -lcsv -lm -lpthread
LDFLAGS += $(OPENMP)

ifeq ($(PROFILE),release)
CFLAGS += -O2 -ftree-vectorize
else ifeq ($(PROFILE),debug)
CFLAGS += -O0
else ifeq ($(PROFILE),asan)
CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(PROFILE),tsan)
CFLAGS += -O1 -fsanitize=thread
LDFLAGS += -fsanitize=thread
else ifeq ($(PROFILE),cov)
CFLAGS += -O0 --coverage
LDFLAGS += --coverage
else
$(error PROFILE is one of release debug asan tsan cov, not '$(PROFILE)')
endif

LAYERS := base data features models eval store tracking registry commands cli serve tui
SRCS := $(sort $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c)) $(wildcard tui/*.c))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
GEN := $(BUILD)/gen/migrations.inc $(BUILD)/gen/web.inc
LIB := $(BUILD)/librs.a
BIN := $(BUILD)/recsys-tui
# One binary a test file; what tests share (naive twins, generators, temp folders) is tests/ref/*.c.
TEST_SRCS := $(sort $(wildcard tests/unit/*/test_*.c tests/property/prop_*.c \
	tests/integration/test_*.c tests/e2e/test_*.c tests/fuzz/fuzz_*.c))
TESTS := $(TEST_SRCS:%.c=$(BUILD)/%)
REF_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/ref/*.c))
BENCH_SRCS := $(wildcard tests/bench/bench_*.c)
BENCHES := $(BENCH_SRCS:%.c=$(BUILD)/%)
ALL_C := $(wildcard src/*.c src/*/*.c tui/*.c tests/*/*.c tests/*/*/*.c)
ALL_H := $(wildcard include/rs/*/*.h src/*/*.h tui/*.h tests/*/*.h)

.PHONY: help deps deps-dev build demo test check lint bench bench-serve soak coverage interop install uninstall \
	clean reset check-layers check-headers check-format check-tidy check-cppcheck check-shell \
	check-style docs tests
.DEFAULT_GOAL := help
.SECONDARY:

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the packages that building and testing need (asks sudo where not root)
	@tools/deps.sh build

deps-dev: ## install those, and the tools of lint, coverage and interop
	@tools/deps.sh build dev

build: $(BIN) ## build the program into build/release/recsys-tui

demo: ## install what is missing, build, run the whole pipeline on MovieLens, show the result
	@tools/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) build
	@tools/demo.sh $(BIN)

test: ## build and run every test (no network, no Python, under 3 minutes)
	@tools/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) tests
	@BUILD=$(BUILD) RS_TEST_TIMEOUT=$(if $(filter release,$(PROFILE)),170,900) tests/run.sh $(TESTS)

tests: $(BIN) $(TESTS)

check: test lint ## tests, the same under sanitizers, and lint
	@$(MAKE) --no-print-directory PROFILE=asan test

lint: check-format check-style check-layers check-headers check-shell check-cppcheck check-tidy ## all static checks
	@echo "lint: clean"

bench: $(BIN) $(BENCHES) ## measure, with the Python peers beside where they are installed
	@BUILD=$(BUILD) tests/bench/run.sh

bench-serve: $(BIN) $(BENCHES) ## requests a second beside FastAPI + implicit and a fixed text (wrk)
	@BUILD=$(BUILD) tests/bench/serve.sh

soak: $(BIN) ## long checks of the server: 1,000 swaps under load, 10 minutes of everything (MINUTES, SWAPS)
	@BUILD=$(BUILD) tests/soak/swaps.sh
	@BUILD=$(BUILD) tests/soak/soak.sh

coverage: ## line coverage of the layers below the console
	@$(MAKE) --no-print-directory PROFILE=cov -j$$(nproc) build
	@$(MAKE) --no-print-directory PROFILE=cov test
	@tools/coverage.sh build/cov

interop: $(BIN) ## checks against Python tools, in a venv of their own
	@BIN=$(abspath $(BIN)) tests/interop/run.sh

docs: $(BIN) ## print the manual page and the shell completions from the command table
	@mkdir -p $(BUILD)/share
	$(Q)$(BIN) help --man > $(BUILD)/share/recsys-tui.1
	$(Q)$(BIN) help --completion bash > $(BUILD)/share/recsys-tui.bash
	$(Q)$(BIN) help --completion zsh > $(BUILD)/share/_recsys-tui

install: build docs ## install program, manual and completions under PREFIX (DESTDIR honoured)
	install -Dm755 $(BIN) $(DESTDIR)$(PREFIX)/bin/recsys-tui
	install -Dm644 $(BUILD)/share/recsys-tui.1 $(DESTDIR)$(PREFIX)/share/man/man1/recsys-tui.1
	install -Dm644 $(BUILD)/share/recsys-tui.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/recsys-tui
	install -Dm644 $(BUILD)/share/_recsys-tui $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_recsys-tui

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/recsys-tui $(DESTDIR)$(PREFIX)/share/man/man1/recsys-tui.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/recsys-tui \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_recsys-tui

clean: ## remove everything built
	rm -rf build

reset: ## drop the workspace's derived data, after asking (WORKSPACE=DIR, YES=1 to not ask)
	@tools/reset.sh "$(WORKSPACE)"

# ---- rules ----------------------------------------------------------------------------------
$(BIN): $(BUILD)/src/main.o $(LIB)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(LIB): $(OBJS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_EXTRA) -MMD -MP -c $< -o $@

# Numeric kernels: same rules of arithmetic, more optimisation.
$(BUILD)/src/models/%.o: CFLAGS_EXTRA := $(if $(filter release,$(PROFILE)),-O3)

$(BUILD)/tests/%.o: CPPFLAGS += -Itests -I.

$(BUILD)/gen/migrations.inc: $(wildcard db/migrations/*.sql) tools/embed-sql.sh
	@mkdir -p $(@D)
	$(Q)tools/embed-sql.sh db/migrations > $@.tmp && mv $@.tmp $@

# The folder too: a file that is gone is a change.
$(BUILD)/gen/web.inc: src/serve/web $(wildcard src/serve/web/*) tools/embed-files.sh
	@mkdir -p $(@D)
	$(Q)tools/embed-files.sh src/serve/web > $@.tmp && mv $@.tmp $@

$(TESTS): $(BUILD)/%: $(BUILD)/%.o $(REF_OBJS) $(LIB)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -lvterm -o $@

$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(REF_OBJS) $(LIB)
	$(Q)$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -lvterm -o $@

# ---- lint -----------------------------------------------------------------------------------
check-format:
	@clang-format --dry-run --Werror $(ALL_C) $(ALL_H)

check-style:
	@tools/check-style.sh

check-layers:
	@tools/check-layers.sh "$(LAYERS)"

check-headers: $(GEN)
	@for h in $(ALL_H); do \
		$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -Wno-unused-function -Wno-pedantic -fsyntax-only \
			-x c $$h || exit 1; done

check-shell:
	@shellcheck -x $$(find tools tests .ci docker -type f \( -name '*.sh' -o -path '.ci/run' \))

check-cppcheck: $(GEN)
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem -Iinclude -I$(BUILD)/gen \
		-D_XOPEN_SOURCE=700 -j $$(nproc) src tui

check-tidy: $(GEN)
	@printf '%s\n' $(wildcard src/*.c src/*/*.c tui/*.c) | xargs -P $$(nproc) -n 4 \
		sh -c 'clang-tidy --quiet "$$@" -- $(CPPFLAGS) -std=c17 -fopenmp 2>/dev/null || exit 255' sh

-include $(OBJS:.o=.d) $(BUILD)/src/main.d $(TESTS:%=%.d) $(REF_OBJS:.o=.d) $(BENCHES:%=%.d)
