// Uses the official client as its documentation shows it, nothing set but address and key. Prints one JSON object of what it saw.
import OpenAI from "openai";

const [baseURL, apiKey, what] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const messages = [{ role: "user", content: "question" }];
const seen = {};

const stream = async () => {
  let text = "", chunks = 0, usage = null, finish = null;
  const answer = await client.chat.completions.create({ model: "subnet-1", messages, max_tokens: 100, stream: true, stream_options: { include_usage: true } });
  for await (const chunk of answer) {
    chunks++;
    text += chunk.choices[0]?.delta?.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  return { text, chunks, usage, finish };
};

const failing = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { class: error.constructor.name, status: error.status ?? null, code: error.code ?? null, type: error.type ?? null, message: error.message };
  }
};

if (what === "broken") {
  seen.error = await failing(stream);
} else if (what === "stream") {
  seen.stream = await stream();
} else {
  seen.models = (await client.models.list()).data.map((m) => m.id);
  seen.model = (await client.models.retrieve("subnet-1")).id;
  seen.stream = await stream();
  const whole = await client.chat.completions.create({ model: "subnet-1", messages, max_tokens: 100 });
  seen.whole = { text: whole.choices[0].message.content, usage: whole.usage, id: whole.id, object: whole.object };
  const helper = client.chat.completions.stream({ model: "subnet-1", messages, max_tokens: 100 });
  seen.helper = await helper.finalContent();
  const completion = await client.completions.create({ model: "subnet-1", prompt: "question", max_tokens: 100 });
  seen.completion = completion.choices[0].text;
  const embedding = await client.embeddings.create({ model: "subnet-1", input: ["one", "two"] });
  seen.embeddings = embedding.data.map((d) => d.embedding);
  const floats = await client.embeddings.create({ model: "subnet-1", input: ["one", "two"], encoding_format: "float" });
  seen.floats = floats.data.map((d) => d.embedding);
  const image = await client.images.generate({ model: "subnet-1", prompt: "a tree", n: 1 });
  seen.image = image.data[0].b64_json;
  seen.wrongModel = await failing(() => client.chat.completions.create({ model: "gpt-4o", messages }));
  seen.wrongKey = await failing(() => new OpenAI({ baseURL, apiKey: "dk_wrong" }).models.list());
  const abort = new AbortController();
  const leaving = await client.chat.completions.create({ model: "subnet-1", messages, stream: true }, { signal: abort.signal });
  for await (const _ of leaving) {
    abort.abort();
  }
  seen.aborted = true;
}
process.stdout.write(JSON.stringify(seen) + "\n");
