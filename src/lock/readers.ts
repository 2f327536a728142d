import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Who may read state, events and page. */
export interface Readers {
  has(address: string): boolean
}

/**
 * Reads the setting: `node` (this machine: loopback and the addresses of its interfaces), `all`, addresses, and
 * networks (`10.0.0.0/8`), separated by commas.
 *
 * @returns a sentence where it cannot be read.
 */
export function parseReaders(text: string): Readers | { readonly problem: string } {
  const list = new BlockList()
  let [all, node] = [false, false]
  for (const word of text.split(',').map((each) => each.trim()).filter((each) => each !== '')) {
    if (word === 'all') all = true
    else if (word === 'node') node = true
    else if (!addTo(list, word)) return { problem: `${JSON.stringify(word)} is not node, all, an address or a network such as 10.0.0.0/8` }
  }
  return { has: (address) => all || list.check(address, familyOf(address)) || (node && isOfThisNode(address)) }
}

function addTo(list: BlockList, word: string): boolean {
  const [address = '', bits, ...rest] = word.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (bits === undefined) {
    list.addAddress(address, familyOf(address))
    return true
  }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false
  list.addSubnet(address, Number(bits), familyOf(address))
  return true
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Looks anew each time: interfaces come and go, and readers are few. */
function isOfThisNode(address: string): boolean {
  if (isIP(address) === 0) return false
  const plain = address.split('%', 1)[0] ?? address
  if (loopback.check(plain, familyOf(plain))) return true
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((each) => each.address === plain) === true)
}
