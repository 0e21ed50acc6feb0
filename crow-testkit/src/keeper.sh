# Owns one directory of crow's and what runs in it, until nobody needs it any more.
#
#   sh -c "$(cat keeper.sh)" crow-keeper BIN LINGER [TEMPLATE]     in the directory itself
#
# Without TEMPLATE the directory becomes a template: the result of initdb. With it, a server that runs on a copy.
#
# Everybody who needs the directory has written a line to the FIFO `alive` and keeps it open, so its end of file
# means that all of them are gone, however they died. Reading no line after the pause means that nobody came during
# it. The rename is the point of no return: who finds `alive` after opening it is seen by the last look.
#
# The shell itself is the FIFO's one reader, without the help of cat: when it is killed, everybody can tell.
trap '' HUP INT TERM
umask 077
bin=$1 linger=$2 template=${3-} here=$PWD
echo $$ >keeper
exec 3<>alive 4<alive 3>&- >>log 2>&1

unusable() {
    : >ended
    mv alive closed 2>/dev/null
}

serve() {
    # Holding the template's FIFO keeps it whole during the copy.
    exec 5>"$template/alive" && cp -R "$template/data" data && exec 5>&- || return
    cat settings >>data/postgresql.conf && cp hba data/pg_hba.conf || return
    if [ -e password.sql ]; then
        "$bin/postgres" --single -D data postgres <password.sql >/dev/null 2>&1 || return
        rm password.sql
    fi
    "$bin/postgres" -D "$here/data" </dev/null &
    echo $! >server
    wait $!
}

if [ -z "$template" ]; then
    "$bin/initdb" -D data -U postgres --auth=trust --locale=C --encoding=UTF8 --no-sync 4<&- && : >ready || unusable
else
    (
        exec 4<&-
        serve
        unusable
    ) &
fi

# Returns when nobody holds the FIFO, and tells whether anybody did since the last time.
somebody_came() {
    came=false
    while read -r _; do came=true; done <&4
    $came
}

# A test that keeps its database asks for more time.
while somebody_came; do sleep "$(cat linger 2>/dev/null || echo "$linger")" 4<&-; done
mv alive closed 2>/dev/null
somebody_came

if [ -n "$template" ]; then
    # Without its own mark somebody else has removed the directory, and a server without its files ends by itself.
    until [ -e ended ] || [ ! -e keeper ]; do
        # A server that a test froze has to wake up to hear the first signal.
        kill -QUIT "$(cat server)" && kill -CONT "$(cat server)"
        sleep 0.02
    done 2>/dev/null
    # One that was stopped and started again is nobody's child.
    [ ! -e data/postmaster.pid ] || "$bin/pg_ctl" -D data -m immediate stop
fi
cd /
rm -rf "$here"
rmdir "${here%/*}" 2>/dev/null
