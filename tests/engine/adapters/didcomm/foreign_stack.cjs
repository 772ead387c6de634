// A peer that speaks DIDComm by means of the npm package didcomm-node (Rust, compiled to WASM) and knows
// nothing of Picomesh. One JSON request a line on standard input, one JSON answer a line on standard output.
// The first line brings the DID documents and the private keys it works with.

"use strict";

const readline = require("node:readline");
const { FromPrior, Message } = require("didcomm-node");

let documents = [];
let secrets = [];

const didResolver = { resolve: async (did) => documents.find((one) => one.id === did) ?? null };
const secretsResolver = {
  get_secret: async (id) => secrets.find((one) => one.id === id) ?? null,
  find_secrets: async (ids) => ids.filter((id) => secrets.some((one) => one.id === id)),
};

const DO = {
  know: async (request) => {
    ({ documents, secrets } = request);
    return {};
  },
  plain: async ({ message }) => ({ envelope: await new Message(message).pack_plaintext(didResolver) }),
  sign: async ({ message, signBy }) => {
    const [envelope] = await new Message(message).pack_signed(signBy, didResolver, secretsResolver);
    return { envelope };
  },
  encrypt: async ({ message, to, from, signBy, options }) => {
    const packed = new Message(message).pack_encrypted(to, from, signBy, didResolver, secretsResolver, options);
    const [envelope] = await packed;
    return { envelope };
  },
  unpack: async ({ envelope }) => {
    const [message, metadata] = await Message.unpack(envelope, didResolver, secretsResolver, {});
    return { message: message.as_value(), metadata };
  },
  rotate: async ({ claims, kid }) => {
    const [token] = await new FromPrior(claims).pack(kid, didResolver, secretsResolver);
    return { token };
  },
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      const request = JSON.parse(line);
      answer = await DO[request.do](request);
    } catch (problem) {
      answer = { error: String(problem) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

main();
