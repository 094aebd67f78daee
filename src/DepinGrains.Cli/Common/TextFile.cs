namespace DepinGrains.Cli.Common;

/// <summary>Files that a command names.</summary>
internal static class TextFile
{
    /// <summary>All of it.</summary>
    /// <exception cref="ApiException">What is named can be no file.</exception>
    public static async Task<string> ReadAsync(string? path)
    {
        try
        {
            return await File.ReadAllTextAsync(path ?? "");
        }
        catch (ArgumentException)
        {
            throw new ApiException("cli.file_invalid", $"'{path}' names no file");
        }
    }
}
