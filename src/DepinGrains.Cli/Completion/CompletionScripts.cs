namespace DepinGrains.Cli.Completion;

/// <summary>The scripts. Each also defines <c>depin</c> where the shell does not know it, so that a checkout needs no installation.</summary>
internal static class CompletionScripts
{
    public static string Of(string shell, IReadOnlyList<string> self) => shell switch
    {
        "bash" => Bash.Replace("@SELF@", Posix(self), StringComparison.Ordinal),
        "zsh" => Zsh.Replace("@SELF@", Posix(self), StringComparison.Ordinal),
        "fish" => Fish.Replace("@SELF@", string.Join(' ', self.Select(static w => "'" + w.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'")), StringComparison.Ordinal),
        _ => Pwsh.Replace("@SELF@", "& " + string.Join(' ', self.Select(static w => "'" + w.Replace("'", "''", StringComparison.Ordinal) + "'")), StringComparison.Ordinal),
    };

    private static string Posix(IEnumerable<string> words) => string.Join(' ', words.Select(static w => "'" + w.Replace("'", "'\\''", StringComparison.Ordinal) + "'"));

    private const string Bash = """
        # depin completion for bash: source <(depin completion bash)
        if ! type depin >/dev/null 2>&1; then depin() { @SELF@ "$@"; }; fi
        _depin_complete() {
          local word="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" words
          # The program completes lines that begin with its own name, however it was called here.
          line="depin ${line#"${COMP_WORDS[0]}" }"
          words="$(@SELF@ "[suggest:${#line}]" "$line" 2>/dev/null)"
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$words" -- "$word"))
        }
        complete -o default -F _depin_complete depin

        """;

    private const string Zsh = """
        #compdef depin
        # depin completion for zsh: source <(depin completion zsh)
        (( $+commands[depin] || $+functions[depin] || $+aliases[depin] )) || depin() { @SELF@ "$@" }
        _depin_complete() {
          # Of a line of several commands the one that is typed, up to the cursor.
          local -a found before=("${(@)words[2,CURRENT-1]}" "$PREFIX")
          local line="depin ${(j: :)before}"
          found=("${(@f)$(@SELF@ "[suggest:${#line}]" "$line" 2>/dev/null)}")
          if (( ${#found} )) && [[ -n "${found[1]}" ]]; then compadd -Q -a found; else _files; fi
        }
        (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
        compdef _depin_complete depin

        """;

    private const string Fish = """
        # depin completion for fish: depin completion fish | source
        if not type -q depin
          function depin; @SELF@ $argv; end
        end
        function __depin_complete
          set -l line "depin "(string replace -r '^\S+\s?' '' -- (commandline -cp))
          @SELF@ "[suggest:"(string length -- $line)"]" $line 2>/dev/null
        end
        complete -c depin -a '(__depin_complete)'

        """;

    private const string Pwsh = """
        # depin completion for PowerShell: depin completion pwsh | Out-String | Invoke-Expression
        if (-not (Get-Command depin -ErrorAction SilentlyContinue)) { function global:depin { @SELF@ @args } }
        Register-ArgumentCompleter -Native -CommandName depin -ScriptBlock {
          param($word, $ast, $cursor)
          $line = $ast.Extent.Text.PadRight($cursor - $ast.Extent.StartOffset).Substring(0, $cursor - $ast.Extent.StartOffset)
          $line = 'depin ' + ($line -replace '^\S+\s?', '')
          @SELF@ "[suggest:$($line.Length)]" $line 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
          }
        }

        """;
}
