namespace DepinGrains.ServiceDefaults.Health;

/// <summary>The answer of <c>GET /health</c>.</summary>
/// <param name="Status"><c>healthy</c>, or a word of why new work should go elsewhere.</param>
/// <param name="Runtime">What hosts or reaches the grains: Orleans or Local.</param>
public sealed record HealthView(string Status, string Runtime);
