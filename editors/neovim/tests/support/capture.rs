//! What a customer is about to buy.

pub struct Line {
    pub price: u64,
    pub quantity: u64,
}

pub fn subtotal(lines: &[Line]) -> u64 {
    let total: u64 = lines.iter().map(|line| line.price * line.quantity).sum();
    total
}

pub fn with_tax(lines: &[Line], percent: u64) -> u64 {
    let total: u64 = lines.iter().map(|line| line.price * line.quantity).sum();
    total + total * percent / 100
}
