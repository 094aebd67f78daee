using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DepinGrains.Tidy.Tests;

/// <summary>Rules the compiler does not know.</summary>
public sealed partial class SourceTests
{
    private const int MethodLinesMax = 70;

    private static readonly Lazy<(string Path, CompilationUnitSyntax Root)[]> Parsed = new(static () =>
        [.. Repository.Sources("src").Select(static path => (Path.GetRelativePath(Repository.Root, path), CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetCompilationUnitRoot()))]);

    [Fact]
    public void NoMethodIsLongerThan70Lines()
    {
        var long_ = Parsed.Value.SelectMany(static file => file.Root.DescendantNodes()
            .Where(static n => n is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax)
            .Select(n => (file.Path, Name: NameOf(n), Lines: LinesOf(n)))
            .Where(static m => m.Lines > MethodLinesMax)
            .Select(static m => $"{m.Path}: {m.Name} has {m.Lines} lines"));
        Repository.AssertNone(long_);
    }

    [Fact]
    public void NothingIsLeftToDo()
    {
        var marks = Repository.Sources("src").Concat(Repository.Sources("tests"))
            .SelectMany(static path => File.ReadLines(path).Select((line, at) => (path, line, at)))
            .Where(static l => Mark().IsMatch(l.line))
            .Select(static l => $"{l.path}:{l.at + 1}: {l.line.Trim()}");
        Repository.AssertNone(marks);
    }

    [Fact]
    public void EveryOption_SaysWhatItIs()
    {
        var silent = Options()
            .SelectMany(static o => o.Class.Members.OfType<PropertyDeclarationSyntax>().Where(static p => p.Modifiers.Any(SyntaxKind.PublicKeyword)).Select(p => (o.Path, Class: o.Class.Identifier.Text, Property: p)))
            .Where(static p => !p.Property.GetLeadingTrivia().Any(static t => t.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia)))
            .Select(static p => $"{p.Path}: {p.Class}.{p.Property.Identifier.Text} has no documentation");
        Assert.NotEmpty(Options());
        Repository.AssertNone(silent);
    }

    /// <summary>A wrong setting stops the start with a sentence; it never shows at the first request.</summary>
    [Fact]
    public void EveryOptionsClass_IsValidatedWhenTheHostStarts()
    {
        var code = string.Join('\n', Parsed.Value.Select(static f => f.Root.ToFullString()));
        var unchecked_ = Options()
            .Select(static o => o.Class)
            .Where(static c => c.Members.OfType<FieldDeclarationSyntax>().Any(static f => f.Declaration.Variables.Any(static v => v.Identifier.Text == "Section")))
            .Select(static c => c.Identifier.Text)
            .Where(name => !code.Contains($"AddOptionsWithValidateOnStart<{name}", StringComparison.Ordinal)
                && !code.Contains($"Validated<{name}>(", StringComparison.Ordinal)
                && !Regex.IsMatch(code, $@"AddOptions<([\w.]+\.)?{name}>\(\)[^;]*\.ValidateOnStart\(\)"));
        Repository.AssertNone(unchecked_);
    }

    [Fact]
    public void RequestBodies_ArePublic_OrTheFrameworkWouldNotValidateThem()
    {
        var hidden = typeof(Gateway.GatewaySetup).Assembly.GetTypes()
            .Where(static t => t.Name.EndsWith("Request", StringComparison.Ordinal) && t.Namespace!.StartsWith("DepinGrains.Gateway", StringComparison.Ordinal) && !t.IsPublic && t.GetMethod("<Clone>$") is not null)
            .Where(static t => t.Name is not "UnverifiedRequest")
            .Select(static t => t.FullName);
        Repository.AssertNone(hidden);
    }

    private static (string Path, ClassDeclarationSyntax Class)[] Options() =>
        [.. Parsed.Value.SelectMany(static f => f.Root.DescendantNodes().OfType<ClassDeclarationSyntax>()
            .Where(static c => c.Identifier.Text.EndsWith("Options", StringComparison.Ordinal) && !c.Modifiers.Any(SyntaxKind.StaticKeyword))
            .Select(c => (f.Path, c)))];

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        _ => node.Kind().ToString(),
    };

    [GeneratedRegex(@"//.*\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK)\b|Not" + "ImplementedException")]
    private static partial Regex Mark();
}
