// Photographs of telephones are far larger than anybody looks at: made smaller before they go over a weak network.

/** The longer side, in pixels: a plate across the road is still read. */
const SIDE_MAX = 2048
/** Below this a picture is sent as it is. */
const BYTES_FINE = 1_200_000
const QUALITY = 0.85
const READABLE = new Set(['image/jpeg', 'image/png', 'image/webp'])

/** The picture as JPEG, or as it was where that is not needed or not possible. */
export async function shrink(file: Blob): Promise<Blob> {
  if (file.size <= BYTES_FINE && READABLE.has(file.type)) return file
  try {
    const image = await createImageBitmap(file)
    const scale = Math.min(1, SIDE_MAX / Math.max(image.width, image.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(image.width * scale)
    canvas.height = Math.round(image.height * scale)
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
    image.close()
    const smaller = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
    return smaller && (smaller.size < file.size || !READABLE.has(file.type)) ? smaller : file
  } catch {
    return file
  }
}
