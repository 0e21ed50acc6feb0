DROP FUNCTION shop_by_slug;
DROP TABLE shops;
