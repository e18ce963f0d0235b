# make          build (installs the Debian packages of packages.txt where they are missing)
# make demo     read an example page of piano music; leaves demo-out/
# make test     the whole suite, ending with "N passed, N failed"
# make bench    whole paths, timed beside their peers
# make lint     layout, layers, sizes, headers, static analysis
# make install  library, headers, command, manual page, completions (PREFIX=/usr/local, DESTDIR=)
BUILD ?= build
PREFIX ?= /usr/local
MESON_ARGS ?=

.PHONY: all build demo test bench lint install clean
all: build

# $(call packages,build demo): installs what of these groups is missing, as root or through sudo.
packages = @tests/packages $(1)

$(BUILD)/build.ninja: | $(BUILD)/.packages
	meson setup $(BUILD) --prefix $(PREFIX) $(MESON_ARGS)

$(BUILD)/.packages: packages.txt
	$(call packages,build)
	@mkdir -p $(BUILD) && touch $@

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)

demo: build
	$(call packages,demo)
	examples/demo $(BUILD) demo-out

test: build
	$(call packages,demo test)
	tests/suite $(BUILD)

bench: build
	$(call packages,bench)
	meson test -C $(BUILD) --benchmark --verbose

lint: build
	$(call packages,lint)
	tests/lint $(BUILD)

# A build that was made for another place is told of the PREFIX that is asked for.
install: $(BUILD)/build.ninja
	$(if $(filter-out file,$(origin PREFIX)),meson configure $(BUILD) --prefix $(PREFIX))
	ninja -C $(BUILD)
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) demo-out
