// Prints maps of many shapes and sizes as CIDs of their blocks.
import { create } from 'ipld-hashmap'
import * as blockCodec from '@ipld/dag-cbor'
import { sha256 as blockHasher } from 'multiformats/hashes/sha2'

async function describe (bitWidth, bucketSize, size) {
  const blocks = new Map()
  const loader = {
    async get (cid) { return blocks.get(cid.toString()) },
    async put (cid, block) { blocks.set(cid.toString(), block) }
  }
  const map = await create(loader, { bitWidth, bucketSize, blockHasher, blockCodec })
  for (let i = 0; i < size; i++) await map.set(`key-${i}`, i)
  const cids = []
  for await (const cid of map.cids()) cids.push(cid.toString())
  return { bitWidth, bucketSize, size, root: map.cid.toString(), blocks: cids.sort() }
}

const maps = []
for (const [bitWidth, bucketSize] of [[5, 3], [8, 5], [3, 2], [4, 3]]) {
  for (const size of [0, 1, 3, 4, 40, 500]) maps.push(await describe(bitWidth, bucketSize, size))
}
console.log(JSON.stringify(maps, null, 1))
