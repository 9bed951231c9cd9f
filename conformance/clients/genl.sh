# The families that both have, as genl and the documents' client in C tell them.
#: programs genl doc_exmpl_client
#: families wireguard doc_exmpl
genl ctrl get name nlctrl
genl ctrl get name wireguard
genl ctrl get name DOC_EXMPL
genl ctrl get id 0x10
genl ctrl get id 0xffff
genl ctrl get name no-such-family
genl ctrl list >list
awk '/^Name: / { shown = $2 ~ /^(nlctrl|wireguard|DOC_EXMPL)$/ } shown && NF' list
doc_exmpl_client
doc_exmpl_client nlctrl
doc_exmpl_client wireguard
doc_exmpl_client no-such-family
