using System.Globalization;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Commands to providers, nodes and identities.</content>
internal sealed partial class Scenario
{
    private const int NodesMax = 6;
    private const long Gi = 1L << 30;
    private int _names;
    private int _salts;

    private Task PutProviderAsync() => PutAsync(_rng.Pick(_model.Providers), managed: _rng.OneIn(2));

    private async Task PutAsync(KnownProvider provider, bool managed)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"name{++_names}");
        var pricing = managed ? UsdPricing.Default with { CpuUsd = _rng.Pick(["1.60", "300", "2500"]) } : null;
        var profile = new ProviderProfile(name, [new Fact("region", "sim")], pricing, "http://localhost");
        var (id, began) = (_caller.NewId(), _caller.Mark);
        var answer = await _caller.AskAsync($"putProvider {provider.Id} {name}", () => Provider(provider.Id).PutAsync(id, profile), static (_, _) => { });
        if (answer.IsOk)
        {
            provider.Name.Set(began, _caller.Mark, name);
            _caller.Seen("provider", provider.Id, answer.Value.Version);
        }
    }

    private async Task MaintenanceAsync()
    {
        var provider = _rng.Pick(_model.Providers);
        var (id, on, began) = (_caller.NewId(), _rng.OneIn(3), _caller.Mark);
        var answer = await _caller.AskAsync($"maintenance {provider.Id} {on}", () => Provider(provider.Id).SetMaintenanceAsync(id, on), static (_, _) => { });
        if (answer.IsOk)
        {
            provider.Maintenance.Set(began, _caller.Mark, on);
        }
    }

    private async Task SignAsync()
    {
        var provider = _rng.Pick(_model.Providers);
        var (id, attribute) = (_caller.NewId(), new Fact("region", _rng.OneIn(8) ? "elsewhere" : "sim"));
        var auditor = _rng.OneIn(4) ? "id_other_auditor" : Sdls.Auditor;
        var answer = await _caller.AskAsync($"sign {provider.Id} {attribute.Value}", () => Provider(provider.Id).SignAttributesAsync(id, auditor, [attribute]), static (_, _) => { });
        if (answer.IsOk)
        {
            _model.Signatures.Add((provider.Id, auditor, attribute.Name, attribute.Value));
        }
    }

    /// <summary>A join token is used by one node, whoever else tries.</summary>
    private async Task RedeemAsync()
    {
        var provider = _rng.Pick(_model.Providers);
        var id = _caller.NewId();
        var token = await _caller.AskAsync($"joinToken {provider.Id}", () => Provider(provider.Id).CreateJoinTokenAsync(id, TimeSpan.FromHours(1)), static (_, _) => { });
        if (!token.IsOk)
        {
            return;
        }

        await Task.WhenAll(RedeemAsync(provider.Id, token.Value.Token, "node_a"), RedeemAsync(provider.Id, token.Value.Token, "node_b"));
    }

    private async Task RedeemAsync(string provider, string token, string node)
    {
        if ((await _caller.AskAsync($"redeem {provider} {node}", () => Provider(provider).RedeemJoinTokenAsync(token, node))).IsOk)
        {
            _world.Problems.Unless(_model.Tokens.TryAdd(token, node) || _model.Tokens[token] == node, $"the join token of {provider} was used by {node} and {_model.Tokens[token]}");
        }
    }

    private Task JoinAsync() => _model.Nodes.Count >= NodesMax ? BidAsync() : JoinAsync(_rng.Pick(Sellers));

    private async Task JoinAsync(string provider)
    {
        var number = _model.Nodes.Count;
        var machine = new HardwareInventory(
            "Sim CPU", "x64", _rng.Pick([2_000L, 4_000L, 8_000L]), _rng.Pick([2L, 4L, 8L]) * Gi, [new("ephemeral", 10 * Gi)],
            [.. Enumerable.Range(0, number % 2 == 0 ? 2 : 0).Select(static i => new GpuDevice("nvidia", "a100", 80 * Gi, "pcie", $"GPU-{i}", "A100"))],
            "linux", 30_000, 30_000 + _rng.Below(6), ["container", "native"]);
        var node = new KnownNode($"node_{number}", provider, machine);
        _model.Nodes.Add(node);
        var (id, registration) = (_caller.NewId(), new NodeRegistration(provider, "key" + node.Id, machine, "eu", "127.0.0.1", []));
        var answer = await _caller.AskAsync($"join {node.Id} {provider}", () => Node(node.Id).JoinAsync(id, registration), static (_, _) => { });
        node.Joined = answer.IsOk;
        if (answer.IsOk)
        {
            _caller.Seen("node", node.Id, answer.Value.Version);
            _agents.Add(new Agent(_world, _caller, _model, node, _rng.Fork()));
        }
    }

    private Task SilenceAsync()
    {
        if (_agents.Count > 0)
        {
            _rng.Pick(_agents).FallSilent();
        }

        return Task.CompletedTask;
    }

    private Task WakeAgentAsync()
    {
        if (_agents.Count > 0)
        {
            _rng.Pick(_agents).Live();
        }

        return Task.CompletedTask;
    }

    private Task ReconnectAsync() => _agents.Count > 0 ? _rng.Pick(_agents).ConnectAsync() : Task.CompletedTask;

    private Task LieAsync() => _agents.Count > 0 ? _rng.Pick(_agents).LieAsync() : Task.CompletedTask;

    private Task ReportAgainAsync() => _agents.Count > 0 ? _rng.Pick(_agents).ReportAgainAsync() : Task.CompletedTask;

    private async Task DrainAsync()
    {
        var node = _rng.Pick(_model.Nodes);
        var (id, drain, began) = (_caller.NewId(), _rng.OneIn(3), _caller.Mark);
        var answer = await _caller.AskAsync($"drain {node.Id} {drain}", () => Node(node.Id).DrainAsync(id, node.Provider, drain), (first, again) => SameUnlessRetired(node, first, again));
        if (answer.IsOk)
        {
            node.Draining.Set(began, _caller.Mark, drain);
            _caller.Seen("node", node.Id, answer.Value.Version);
        }
    }

    private void SameUnlessRetired(KnownNode node, Result<NodeView> first, Result<NodeView> again)
    {
        if (first.IsOk)
        {
            _caller.MustBeSame($"drain of {node.Id}", first, again);
        }
    }

    private async Task RetireAsync()
    {
        // The market needs somebody to sell.
        var node = _rng.Pick(_model.Nodes);
        if (_model.Nodes.Count(static n => !n.Retired) > 2)
        {
            var id = _caller.NewId();
            node.Retired |= (await _caller.AskAsync($"retire {node.Id}", () => Node(node.Id).RetireAsync(id, node.Provider, "old"), static (_, _) => { })).IsOk;
        }
    }

    /// <summary>A provider sells more than it has, or takes that back as far as its bookings allow.</summary>
    private async Task OvercommitAsync()
    {
        var node = _rng.Pick(_model.Nodes);
        var (id, percent) = (_caller.NewId(), _rng.Pick([0, 25, 100, 1_001]));
        await _caller.AskAsync($"overcommit {node.Id} {percent}", () => Node(node.Id).SetOvercommitAsync(id, node.Provider, new NodeOvercommit(percent, percent / 2, 10)), static (_, _) => { });
    }

    /// <summary>A new identity gets a second key and an API key, and the API key is revoked again or not.</summary>
    private async Task IdentityAsync()
    {
        var (key, second) = (TestKeys.All[_rng.Below(2)], TestKeys.All[2]);
        var salt = string.Create(CultureInfo.InvariantCulture, $"salt{++_salts}");
        var identity = IdentityIds.ForFirstKey(key.KeyId, salt);
        var (register, add, create) = (_caller.NewId(), _caller.NewId(), _caller.NewId());
        var registered = await _caller.AskAsync($"register {salt}", () => Grain().RegisterAsync(new RegisterIdentity(key.PublicKey, salt, "sim", IdentityRoles.Tenant, Sign("POST", "/v1/identities", register))), (first, again) => SameIfSigned("registration", first, again));
        if (!registered.IsOk)
        {
            _world.Problems.Unless(Expired(registered.Refusal), $"registering {salt} was refused: {registered.Refusal}");
            return;
        }

        var added = await _caller.AskAsync($"addKey {salt}", () => Grain().AddKeyAsync(new AddKey(second.ToNewKey(identity, KeyRole.Operator, "second"), Sign("POST", $"/v1/identities/{identity}/keys", add))), (first, again) => SameIfSigned("key", first, again));
        var made = await _caller.AskAsync(
            $"apiKey {salt}",
            () => Grain().CreateApiKeyAsync(new CreateApiKey("sim", Convert.ToBase64String(new byte[32]), ["read"], Expiry, Sign("POST", $"/v1/identities/{identity}/api-keys", create))),
            (first, again) => SameIfSigned("API key", first, again));
        _world.Problems.Unless((added.IsOk || Expired(added.Refusal)) && (made.IsOk || Expired(made.Refusal)), $"keys of {salt} were refused: {added.Refusal} {made.Refusal}");
        if (added.IsOk && made.IsOk)
        {
            _model.Keys.Add((identity, "identity_key", second.KeyId));
            _model.Keys.Add((identity, "api_key", made.Value.Prefix));
        }

        IIdentityGrain Grain() => _world.Grain(g => g.GetGrain<IIdentityGrain>(identity));

        SignedRequest Sign(string method, string path, string id) => key.Signer(identity, _world.Time).Sign(method, new Uri("http://sim" + path), Encoding.UTF8.GetBytes(id), id);
    }

    /// <summary>The clock jumped between signing and arriving.</summary>
    private static bool Expired(Refusal refusal) => refusal.Code == "identity.signature_expired";

    private static DateTimeOffset Expiry => new(2030, 12, 1, 0, 0, 0, TimeSpan.Zero);

    private void SameIfSigned<T>(string what, Result<T> first, Result<T> again)
    {
        // The clock may jump before the second arrives, too.
        if (first.IsOk && (again.IsOk || !Expired(again.Refusal)))
        {
            _caller.MustBeSame(what, first, again);
        }
    }
}
