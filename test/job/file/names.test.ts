import t from 'tap'
import { dataKey } from '../../../src/job/file/names.ts'

t.test('a key of a Secret is one that the API server takes', async (t) => {
  for (const key of ['password', 'tls.crt', '.env', 'a_B-1', 'a..b']) t.ok(dataKey.test(key), key)
  for (const key of ['', '.', '..', '..a', 'a b', 'a/b', 'ä', 'a'.repeat(254)]) t.notOk(dataKey.test(key), key)
})
