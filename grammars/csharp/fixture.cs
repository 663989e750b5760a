using System;
using System.Collections.Generic;
using Json = System.Text.Json;

namespace Example.Tasks
{
    public interface IShown
    {
        string Shown();
    }

    public record Point(int X, int Y);

    public enum State { Open, Done }

    /// <summary>One task.</summary>
    public class Task<T> : IShown where T : class
    {
        private const int Limit = 64;
        private readonly string title;

        public int Due { get; set; } = 0;

        public bool Late
        {
            get { return Due > Limit; }
        }

        public event EventHandler Done;

        public Task(string title)
        {
            this.title = title;
        }

        public string Shown() => $"{title} ({Due}";

        public IEnumerable<int> Numbers(int end)
        {
            int Twice(int n)
            {
                return 2 * n;
            }
            foreach (var i in new[] { 1, 2, end })
            {
                if (i > 1)
                {
                    yield return Twice(i);
                }
            }
        }
    }

    public delegate void Handler(object sender);
}
