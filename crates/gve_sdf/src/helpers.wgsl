// Polynomials of the native evaluator, so that both agree.
fn gve_sin_poly(x: f32) -> f32 {
    let r = clamp(x, -1.6, 1.6);
    let s = r * r;
    var p = -2.3846567e-8;
    p = p * s + 2.7522856e-6;
    p = p * s - 0.00019840815;
    p = p * s + 0.008333331;
    p = p * s - 0.16666667;
    p = p * s + 1.0;
    return clamp(p * r, -1.0, 1.0);
}

fn gve_parity_sign(n: f32) -> f32 {
    return 1.0 - 2.0 * (n - 2.0 * floor(n * 0.5));
}

fn gve_sin(x: f32) -> f32 {
    let n = floor(x * 0.31830987 + 0.5);
    let r = ((x - n * 3.140625) - n * 0.0009676218) - n * 3.178651e-8;
    return gve_sin_poly(r) * gve_parity_sign(n);
}

fn gve_cos(x: f32) -> f32 {
    let n = floor(x * 0.31830987);
    let m = n + 0.5;
    let r = ((x - m * 3.140625) - m * 0.0009676218) - m * 3.178651e-8;
    return gve_sin_poly(r) * -gve_parity_sign(n);
}

fn gve_atan2(y: f32, x: f32) -> f32 {
    let ax = abs(x);
    let ay = abs(y);
    let large = max(ax, ay);
    let t = min(ax, ay) / select(1.0, large, large > 0.0);
    let s = t * t;
    var p = 0.0027662835;
    p = p * s - 0.015731249;
    p = p * s + 0.042137623;
    p = p * s - 0.07456855;
    p = p * s + 0.10618371;
    p = p * s - 0.14197798;
    p = p * s + 0.19991872;
    p = p * s - 0.33333036;
    p = p * s + 1.0;
    var r = p * t;
    r = select(r, 1.5707964 - r, ay > ax);
    r = select(r, 3.1415927 - r, x < 0.0);
    return select(r, -r, y < 0.0);
}

fn gve_length2(a: f32, b: f32) -> f32 {
    return sqrt(a * a + b * b);
}

fn gve_length3(a: f32, b: f32, c: f32) -> f32 {
    return sqrt(a * a + b * b + c * c);
}

fn gve_corner2(a: f32, b: f32) -> f32 {
    return gve_length2(max(a, 0.0), max(b, 0.0)) + min(max(a, b), 0.0);
}

fn gve_corner3(a: f32, b: f32, c: f32) -> f32 {
    return gve_length3(max(a, 0.0), max(b, 0.0), max(c, 0.0)) + min(max(max(a, b), c), 0.0);
}

fn gve_smooth_min(a: f32, b: f32, k: f32) -> f32 {
    let h = max(k - abs(a - b), 0.0);
    return min(a, b) - h * h * (0.25 / k);
}

fn gve_smooth_max(a: f32, b: f32, k: f32) -> f32 {
    let h = max(k - abs(a - b), 0.0);
    return max(a, b) + h * h * (0.25 / k);
}

fn gve_chamfer_min(a: f32, b: f32, r: f32) -> f32 {
    return min(min(a, b), (a + b - r) * 0.70710678);
}

fn gve_chamfer_max(a: f32, b: f32, r: f32) -> f32 {
    return max(max(a, b), (a + b + r) * 0.70710678);
}
