module ffi_go

go 1.19
