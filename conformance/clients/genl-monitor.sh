# A monitor of families while those of a module come and go.
#: programs genl
#: families loom
genl ctrl monitor >>heard 2>&1 & monitor=$!
until test -s heard; do loom load; loom remove; done
loom load; loom remove
quiet=0; until test $quiet = 12; do sleep 0.2; now=$(grep -c LOOM heard); test "$now" = "$last" && quiet=$((quiet + 1)) || quiet=0; last=$now; done; : >heard
loom load
hears 'Name: LOOM$' heard
genl ctrl list >list
awk '/^Name: / { shown = $2 ~ /^(LOOM|DOC_EXMPL)/ } shown && NF' list
genl ctrl get name LOOM
loom remove
genl ctrl get name LOOM
# The family that is removed last came first.
tries=0; until test "$(grep -c 'Name: LOOM_SAY$' heard)" -ge 2 || test $tries = 150; do tries=$((tries + 1)); sleep 0.2; done
sleep 0.5
kill $monitor
cat heard
