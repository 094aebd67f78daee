using DepinGrains.LocalRuntime.Calls;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>A doubly linked list threaded through the requests themselves: nothing is allocated, and any member leaves in one step.</summary>
internal struct RequestList
{
    internal GrainRequest? First { get; private set; }

    internal GrainRequest? Last { get; private set; }

    internal int Count { get; private set; }

    internal readonly List<GrainRequest> Requests()
    {
        List<GrainRequest> all = new(Count);
        for (var request = First; request is not null; request = request.Next)
        {
            all.Add(request);
        }

        return all;
    }

    internal void Add(GrainRequest request)
    {
        request.Previous = Last;
        request.Next = null;
        if (Last is null)
        {
            First = request;
        }
        else
        {
            Last.Next = request;
        }

        Last = request;
        Count++;
    }

    internal void Remove(GrainRequest request)
    {
        if (request.Previous is null)
        {
            First = request.Next;
        }
        else
        {
            request.Previous.Next = request.Next;
        }

        if (request.Next is null)
        {
            Last = request.Previous;
        }
        else
        {
            request.Next.Previous = request.Previous;
        }

        request.Next = request.Previous = null;
        Count--;
    }
}
