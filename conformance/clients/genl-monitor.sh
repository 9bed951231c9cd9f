# A monitor of families while those of a module come and go.
#: programs genl
#: families loom
genl ctrl monitor >>heard 2>&1 & monitor=$!
until test -s heard; do loom load; loom remove; done
loom load; loom remove
until test "$(grep -c LOOM heard)" = "$last"; do last=$(grep -c LOOM heard); sleep 0.3; done; : >heard
loom load
hears 'Name: LOOM$' heard
genl ctrl list >list
awk '/^Name: / { shown = $2 ~ /^(LOOM|DOC_EXMPL)/ } shown && NF' list
genl ctrl get name LOOM
loom remove
genl ctrl get name LOOM
sleep 0.5
kill $monitor
cat heard
