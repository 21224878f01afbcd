// Answers questions about Signum with SignumJS: one JSON object per line of stdin,
// one answer per line of stdout, in the same order. What SignumJS refuses, by an
// exception, is {"error": "..."}.
// usage: node oracle.js NODE_MODULES < questions
'use strict';

const path = require('path');
const readline = require('readline');

const modules = path.resolve(process.argv[2]);
const load = (name) => require(require.resolve(name, {paths: [path.dirname(modules)]}));

const crypto = load('@signumjs/crypto');
const {NodeJSCryptoAdapter} = load('@signumjs/crypto/adapters');
const {Address} = load('@signumjs/core');
// Not exported: what SignumJS holds every answer of a node against before it signs.
const {verifyTransaction} = require(
    path.join(modules, '@signumjs/core/out/internal/verifyTransaction'));

crypto.Crypto.init(new NodeJSCryptoAdapter());

const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes) => Buffer.from(bytes).toString('hex');

const answers = {
  keys({passphrase}) {
    const keys = crypto.generateSignKeys(passphrase);
    return {
      public_key: keys.publicKey,
      agreement_key: keys.agreementPrivateKey,
      signing_key: keys.signPrivateKey,
      account: crypto.getAccountIdFromPublicKey(keys.publicKey),
    };
  },
  sign({message, signing_key}) {
    return {signature: crypto.generateSignature(message, signing_key)};
  },
  verify({message, signature, public_key}) {
    return {valid: crypto.verifySignature(signature, message, public_key)};
  },
  format_address({account, prefix}) {
    return {address: Address.fromNumericId(account, prefix).getReedSolomonAddress()};
  },
  parse_address({address}) {
    return {account: Address.fromReedSolomonAddress(address).getNumericId()};
  },
  // Throws unless the unsigned bytes say these parameters of the call, and no others.
  transaction({method, parameters, bytes}) {
    verifyTransaction(method, parameters, {unsignedTransactionBytes: bytes});
    return {};
  },
  sign_transaction({bytes, signing_key}) {
    const signature = crypto.generateSignature(bytes, signing_key);
    const fullHash = crypto.sha256Binary(hexOf(bytesOf(bytes)) +
                                         hexOf(crypto.sha256Binary(signature)));
    return {
      bytes: crypto.generateSignedTransactionBytes(bytes, signature),
      full_hash: hexOf(fullHash),
      id: Buffer.from(fullHash).readBigUInt64LE().toString(),
    };
  },
  async encrypt({message, is_text, public_key, agreement_key}) {
    if (is_text) {
      const {data, nonce} = await crypto.encryptMessage(message, public_key, agreement_key);
      return {data, nonce};
    }
    const {data, nonce} = await crypto.encryptData(bytesOf(message), public_key, agreement_key);
    return {data: hexOf(data), nonce: hexOf(nonce)};
  },
  async decrypt({data, nonce, public_key, agreement_key}) {
    const encrypted = {data: bytesOf(data), nonce: bytesOf(nonce)};
    return {message: hexOf(await crypto.decryptData(encrypted, public_key, agreement_key))};
  },
};

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const question = JSON.parse(line);
    let answer;
    try {
      answer = await answers[question.ask](question);
    } catch (error) {
      answer = {error: String(error.message || error)};
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
}

main();
