// A wallet made of SignumJS alone, against a devnet: reads accounts and blocks,
// creates, signs and broadcasts one transaction of each kind, and sees them
// confirmed. Ends with a line of JSON that says what was done; any doubt ends it
// with an exception.
// usage: node devnet.js NODE_MODULES URL
'use strict';

const assert = require('assert');
const path = require('path');

const modules = path.resolve(process.argv[2]);
const url = process.argv[3];
const load = (name) => require(require.resolve(name, {paths: [path.dirname(modules)]}));

const crypto = load('@signumjs/crypto');
const {NodeJSCryptoAdapter} = load('@signumjs/crypto/adapters');
const {LedgerClientFactory, Address} = load('@signumjs/core');

crypto.Crypto.init(new NodeJSCryptoAdapter());
const ledger = LedgerClientFactory.createClient({nodeHost: url});

const kPatience = 120000;

function account(passphrase) {
  const keys = crypto.generateSignKeys(passphrase);
  return {passphrase, keys, id: crypto.getAccountIdFromPublicKey(keys.publicKey)};
}
const miner = account('signumjs miner');
const user = account('signumjs user');
const friend = account('signumjs friend');

// What SignumJS has no call for.
async function post(parameters) {
  const response = await fetch(`${url}/api?${new URLSearchParams(parameters)}`, {method: 'POST'});
  return response.json();
}

async function until(condition, what) {
  const end = Date.now() + kPatience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function height() {
  return (await ledger.network.getBlockchainStatus()).numberOfBlocks - 1;
}

async function mine() {
  const info = await ledger.network.getMiningInfo();
  const reply = await post({
    requestType: 'submitNonce', secretPhrase: miner.passphrase, nonce: info.height,
    blockheight: info.height,
  });
  assert.strictEqual(reply.result, 'success', JSON.stringify(reply));
  await until(async () => (await height()) >= Number(info.height), `block ${info.height}`);
}

// The transaction as SignumJS shows it once it stands in a block.
async function confirmed(sent) {
  assert.ok(sent.transaction, JSON.stringify(sent));
  const waiting = await ledger.transaction.getTransaction(sent.transaction);
  assert.strictEqual(waiting.block, undefined);
  assert.strictEqual(waiting.fullHash, sent.fullHash);
  const list = await ledger.transaction.getUnconfirmedTransactions();
  assert.ok(list.unconfirmedTransactions.some((t) => t.transaction === sent.transaction));
  await mine();
  const found = await ledger.transaction.getTransaction(sent.transaction);
  assert.ok(found.block, `transaction ${sent.transaction} is not confirmed`);
  assert.strictEqual(found.sender, user.id);
  const block = await ledger.block.getBlockById(found.block, true);
  assert.ok(block.transactions.some((t) => t.transaction === sent.transaction));
  return found;
}

async function main() {
  const network = await ledger.network.getNetworkInfo();
  assert.strictEqual(network.addressPrefix, 'TS');
  const fees = await ledger.network.getSuggestedFees();
  assert.ok(fees.standard > 0);
  await mine();

  const paid = await post(
      {requestType: 'faucet', account: user.id, amountNQT: '500000000000',
       publicKey: user.keys.publicKey});
  assert.ok(paid.transaction, JSON.stringify(paid));
  await mine();
  const before = await ledger.account.getAccount(
      {accountId: user.id, includeCommittedAmount: true, includeEstimatedCommitment: true});
  assert.strictEqual(before.balanceNQT, '500000000000');
  assert.strictEqual(before.committedBalanceNQT, '0');
  assert.strictEqual(before.publicKey, user.keys.publicKey);
  assert.strictEqual(before.accountRS,
                     Address.fromNumericId(user.id, 'TS').getReedSolomonAddress());

  const common = {
    senderPublicKey: user.keys.publicKey, senderPrivateKey: user.keys.signPrivateKey,
    feePlanck: String(10 * fees.standard), deadline: 60,
  };
  const payment = await confirmed(await ledger.transaction.sendAmountToSingleRecipient(
      {...common, recipientId: friend.id, amountPlanck: '123456789'}));
  assert.strictEqual(payment.amountNQT, '123456789');
  assert.strictEqual(payment.recipient, friend.id);
  assert.strictEqual((await ledger.account.getAccountBalance(friend.id)).balanceNQT, '123456789');

  const multi = await confirmed(await ledger.transaction.sendAmountToMultipleRecipients(
      {...common, recipientAmounts: [
        {recipient: friend.id, amountNQT: '5'}, {recipient: miner.id, amountNQT: '6'}]}));
  assert.strictEqual(multi.amountNQT, '11');
  const same = await confirmed(await ledger.transaction.sendSameAmountToMultipleRecipients(
      {...common, recipientIds: [friend.id, miner.id], amountPlanck: '7'}));
  assert.strictEqual(same.amountNQT, '14');

  const message = await confirmed(await ledger.message.sendMessage(
      {...common, recipientId: friend.id, message: 'hello quarry ✓', messageIsText: true,
       recipientPublicKey: friend.keys.publicKey}));
  assert.strictEqual(message.attachment.message, 'hello quarry ✓');
  assert.strictEqual(message.attachment.messageIsText, true);
  const secret = await confirmed(await ledger.message.sendEncryptedMessage(
      {...common, recipientId: friend.id, recipientPublicKey: friend.keys.publicKey,
       message: 'for you alone', senderAgreementKey: user.keys.agreementPrivateKey}));
  assert.strictEqual(
      await crypto.decryptMessage(secret.attachment.encryptedMessage, user.keys.publicKey,
                                  friend.keys.agreementPrivateKey),
      'for you alone');

  const added = await confirmed(
      await ledger.account.addCommitment({...common, amountPlanck: '200000000000'}));
  assert.strictEqual(String(added.attachment.amountNQT), '200000000000');
  const committed =
      await ledger.account.getAccount({accountId: user.id, includeCommittedAmount: true});
  assert.strictEqual(committed.committedBalanceNQT, '200000000000');
  await confirmed(await ledger.account.removeCommitment({...common, amountPlanck: '1000'}));

  const assigned = await confirmed(
      await ledger.account.setRewardRecipient({...common, recipientId: miner.id}));
  assert.strictEqual(assigned.recipient, miner.id);
  await until(async () => {
    await mine();
    const reply = await ledger.account.getRewardRecipient(user.id);
    return reply.rewardRecipient === miner.id;
  }, 'the reward assignment');

  const listed = await ledger.account.getAccountTransactions({accountId: user.id});
  const types = listed.transactions.map(({type, subtype}) => `${type}/${subtype}`);
  for (const kind of ['0/0', '0/1', '0/2', '1/0', '20/0', '20/1', '20/2'])
    assert.ok(types.includes(kind), `${kind} is missing among ${types}`);
  const top = await height();
  const blocks = await ledger.block.getBlocks(0, 4, false);
  assert.strictEqual(blocks.blocks.length, 5);
  const last = await ledger.block.getBlockByHeight(top, true);
  assert.strictEqual(last.block, blocks.blocks.find((b) => b.height === top).block);
  assert.strictEqual((await ledger.block.getBlockByTimestamp(last.timestamp)).block, last.block);
  await assert.rejects(() => ledger.transaction.getTransaction('123'), /Unknown transaction/);
  await assert.rejects(() => ledger.account.getAccount({accountId: '123'}), /Unknown account/);
  console.log(JSON.stringify({height: top, transactions: listed.transactions.length}));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
