# SPDX-License-Identifier: BSD-2-Clause
# Guests out of Debian's packages, unmodified: its kernel of Linux, as it is and unpacked, for which a ramdisk with nothing
# but busybox is built, and Memtest86+. They come to build/guests, where images are looked for; only their examples and
# tests need them.

KERNEL_PACKAGE := linux-image-cloud-amd64
LINUX := $(BUILD)/guests/vmlinuz $(BUILD)/guests/vmlinux $(BUILD)/guests/initramfs.gz $(BUILD)/guests/memtest86+x64.bin

# For those who run a system with one of them in its name.
LINUX_IF_NAMED := $(if $(findstring linux,$(CONFIG))$(findstring memtest,$(CONFIG)),linux)

.PHONY: linux
linux: $(LINUX) ## fetch Debian's kernel and Memtest86+, and build a ramdisk

# What is in a package, in a folder. Lists of packages that are too old are made anew.
define fetch
	@rm -rf $(1)
	@mkdir -p $(1) $(@D)
	$(call say,FETCH,$(2))
	$(Q)cd $(1) && { apt-get -qq -o APT::Sandbox::User=root download $(3) || \
	    { $(SUDO) apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download $(3); }; } && dpkg-deb -x *.deb .
endef

# That package only names the one with the kernel, which has a version in its name.
$(BUILD)/guests/vmlinuz:
	$(call fetch,$(BUILD)/linux/kernel,$(KERNEL_PACKAGE),$$(apt-cache depends $(KERNEL_PACKAGE) | sed -n 's/^ *Depends: *\(linux-image-.*\)/\1/p'))
	$(Q)cp $(BUILD)/linux/kernel/boot/vmlinuz-* $@

# What vmlinuz unpacks when it starts: the ELF file, which starts through PVH.
$(BUILD)/guests/vmlinux: $(BUILD)/guests/vmlinuz tools/vmlinux.py
	$(call say,LZ4,$@)
	$(Q)$(PYTHON) tools/vmlinux.py $< $@

$(BUILD)/guests/memtest86+x64.bin:
	$(call fetch,$(BUILD)/linux/memtest,memtest86+,memtest86+)
	$(Q)cp $(BUILD)/linux/memtest/boot/$(@F) $@

$(BUILD)/guests/initramfs.gz: guests/linux/init guests/linux.mk
	@rm -rf $(BUILD)/linux/ramdisk
	@mkdir -p $(BUILD)/linux/ramdisk/bin $(BUILD)/linux/ramdisk/dev $(BUILD)/linux/ramdisk/proc $(BUILD)/linux/ramdisk/sys $(@D)
	$(call say,CPIO,$@)
	$(Q)cp $< $(BUILD)/linux/ramdisk/ && cp $$(command -v busybox) $(BUILD)/linux/ramdisk/bin/
	$(Q)cd $(BUILD)/linux/ramdisk && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc | gzip -9n > ../initramfs.gz
	$(Q)mv $(BUILD)/linux/initramfs.gz $@
