import t from 'tap'
import { parseConfig } from '../../src/config/load.ts'

const digest = `sha256:${'0'.repeat(64)}`

t.test('takes every form of an image reference', async (t) => {
  for (const image of ['usher-wait', 'a/b/c:1.2_3', 'localhost:5000/x', 'Registry.example.test/x:V1', `x:1@${digest}`, `[::1]:5000/x@${digest}`]) {
    t.equal(parseConfig(`lock: {image: "${image}"}`, 'x.yaml').lock.image, image)
  }
})

t.test('refuses what the kubelet would call an invalid image name', async (t) => {
  for (const image of ['https://registry.example.test/usher-wait:1', 'Usher-Wait:1', 'a@b@c', 'a:b:c', '/a', 'a b', 'a:']) {
    t.throws(() => parseConfig(`lock: {image: "${image}"}`, 'x.yaml'), { message: /lock\.image: .* must be the name of an image/ })
  }
})
