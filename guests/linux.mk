# SPDX-License-Identifier: BSD-2-Clause
# Linux as a guest: Debian's own kernel, unmodified, out of its package, as it is and unpacked, and a ramdisk with nothing
# but busybox. They come to build/guests, where images are looked for; only the Linux examples and their tests need them.

KERNEL_PACKAGE := linux-image-cloud-amd64
LINUX := $(BUILD)/guests/vmlinuz $(BUILD)/guests/vmlinux $(BUILD)/guests/initramfs.gz

# For those who run a system with Linux in its name.
LINUX_IF_NAMED := $(if $(findstring linux,$(CONFIG)),linux)

.PHONY: linux
linux: $(LINUX) ## fetch Debian's kernel for Linux guests, and build their ramdisk

# That package only names the one with the kernel, which has a version in its name. Lists that are too old are made anew.
DOWNLOAD := apt-get -qq -o APT::Sandbox::User=root download \
            $$(apt-cache depends $(KERNEL_PACKAGE) | sed -n 's/^ *Depends: *\(linux-image-.*\)/\1/p')

$(BUILD)/guests/vmlinuz:
	@rm -rf $(BUILD)/linux/kernel
	@mkdir -p $(BUILD)/linux/kernel $(@D)
	$(call say,FETCH,$(KERNEL_PACKAGE))
	$(Q)cd $(BUILD)/linux/kernel && { $(DOWNLOAD) || { $(SUDO) apt-get -qq update && $(DOWNLOAD); }; } && \
	    dpkg-deb -x linux-image-*.deb .
	$(Q)cp $(BUILD)/linux/kernel/boot/vmlinuz-* $@

# What vmlinuz unpacks when it starts: the ELF file, which starts through PVH.
$(BUILD)/guests/vmlinux: $(BUILD)/guests/vmlinuz tools/vmlinux.py
	$(call say,LZ4,$@)
	$(Q)$(PYTHON) tools/vmlinux.py $< $@

$(BUILD)/guests/initramfs.gz: guests/linux/init guests/linux.mk
	@rm -rf $(BUILD)/linux/ramdisk
	@mkdir -p $(BUILD)/linux/ramdisk/bin $(BUILD)/linux/ramdisk/dev $(BUILD)/linux/ramdisk/proc $(BUILD)/linux/ramdisk/sys $(@D)
	$(call say,CPIO,$@)
	$(Q)cp $< $(BUILD)/linux/ramdisk/ && cp $$(command -v busybox) $(BUILD)/linux/ramdisk/bin/
	$(Q)cd $(BUILD)/linux/ramdisk && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc | gzip -9n > ../initramfs.gz
	$(Q)mv $(BUILD)/linux/initramfs.gz $@
