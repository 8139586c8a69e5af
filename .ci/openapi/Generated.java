// The one annotation that generated clients name and that no library at hand has.
package javax.annotation;

public @interface Generated {
  String[] value();
  String date() default "";
  String comments() default "";
}
