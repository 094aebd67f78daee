using System.Text;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>The two small shell scripts of a native process.</summary>
internal static class NativeScripts
{
    /// <summary>
    /// Leader of the process's own session; stays when the agent goes. Arguments: run folder, the boot id, control group folders (newline-separated), the command.
    /// It notes its pid and start time, joins the groups, waits for the program and notes its exit code. When memory ends, the program goes before its supervisor and the agent. Its environment is empty: nothing of the tenant's reaches what may still be root.
    /// </summary>
    public const string Supervisor = """
        dir=$1; boot=$2; groups=$3; shift 3
        exec </dev/null >>"$dir/out.raw" 2>>"$dir/err.raw"
        trap '' HUP INT
        start=0
        if read -r stat 2>/dev/null <"/proc/$$/stat"; then
          rest=${stat##*) }
          start=$(set -- $rest; echo "${20}")
        fi
        umask 077
        printf '%s %s %s' "$$" "$start" "$boot" >"$dir/pid.tmp" && mv "$dir/pid.tmp" "$dir/pid" || exit 70
        old=$IFS; IFS='
        '
        for group in $groups; do echo $$ >"$group/cgroup.procs"; done
        IFS=$old
        umask 022
        trap : TERM
        (trap - TERM HUP INT; echo 500 2>/dev/null >/proc/self/oom_score_adj; exec "$@") &
        child=$!
        wait "$child"; code=$?
        while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
        printf '%s' "$code" >"$dir/exit.tmp" && mv "$dir/exit.tmp" "$dir/exit"

        """;

    /// <summary>Sets the tenant's environment, then becomes the program. Runs with the tenant's rights already; lies in a file, so that nothing secret shows in a process list.</summary>
    public static string Launcher(IEnumerable<KeyValuePair<string, string>> environment, IEnumerable<string> command, string? folder)
    {
        var script = new StringBuilder();
        foreach (var (name, value) in environment)
        {
            script.Append("export ").Append(name).Append('=').Append(Quote(value)).Append('\n');
        }

        if (folder is not null)
        {
            script.Append("cd ").Append(Quote(folder)).Append(" || exit 71\n");
        }

        // With arguments (a shell that joins the workload) those run instead, in the same environment.
        script.Append("if [ $# -gt 0 ]; then exec \"$@\"; fi\n");
        return script.Append("exec ").AppendJoin(' ', command.Select(Quote)).Append('\n').ToString();
    }

    /// <summary>A word for the shell, whatever is in it.</summary>
    public static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
